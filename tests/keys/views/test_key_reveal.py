"""Show and Copy fetch the text by POST."""

from __future__ import annotations

from portal.models import AuditEvent
from tests.factories import make_key
from tests.keys.views.base import LIST, KeyPageTestCase, managed_key, use_up


class KeyReveal(KeyPageTestCase):
    def reveal(self, key=None, purpose="copy", **headers):
        return self.client.post(f"{LIST}{(key or self.key).pk}/reveal/", {"for": purpose}, headers=headers)

    def test_the_answer_is_the_text_and_nothing_else(self):
        for purpose, action in (("copy", "key.copied"), ("show", "key.shown")):
            response = self.reveal(purpose=purpose)
            self.assertEqual(response.content.decode(), self.text)
            self.assertEqual(response["Content-Type"], "text/plain; charset=utf-8")
            self.assertIn("no-store", response["Cache-Control"])
            self.assertEqual(AuditEvent.objects.filter(action=action, actor_name="olga").count(), 1)

    def test_get_is_not_allowed(self):
        self.assertEqual(self.client.get(f"{self.address}reveal/").status_code, 405)

    def test_another_purpose_is_refused(self):
        for purpose in ("", "steal", "copy\0"):
            self.assertEqual(self.reveal(purpose=purpose).status_code, 400)

    def test_a_hidden_key_is_404_even_for_a_superuser_and_at_its_limit(self):
        hidden, _ = make_key(viewable=False)
        use_up(hidden)
        for user in ("olga", "sue"):
            self.sign_in(user)
            self.assertEqual(self.reveal(hidden).status_code, 404)

    def test_at_the_limit_it_is_409(self):
        use_up(self.key)
        response = self.reveal()
        self.assertContains(response, "All 5 uses of this key are taken.", status_code=409)
        self.assertNotContains(response, self.text[60:100], status_code=409)

    def test_the_role_is_asked_first(self):
        hidden, _ = make_key(viewable=False)
        use_up(self.key)
        for user in ("vic", "tom", "sam", "nora"):
            self.sign_in(user)
            for pk in (self.key.pk, hidden.pk, 999_999):
                self.assertEqual(self.client.post(f"{LIST}{pk}/reveal/", {"for": "copy"}).status_code, 403)
        self.assertFalse(AuditEvent.objects.filter(action="key.copied").exists())

    def test_a_key_that_does_not_exist_is_404(self):
        self.assertEqual(self.client.post(f"{LIST}999999/reveal/", {"for": "copy"}).status_code, 404)

    def test_a_managed_key_is_handed_out(self):
        self.assertTrue(self.reveal(managed_key()).content.startswith(b"1|"))

    def test_a_program_gets_a_problem_document(self):
        use_up(self.key)
        response = self.reveal(accept="text/plain")
        self.assertEqual(response.status_code, 409)
        self.assertEqual(response.json()["code"], "key_used_up")

    def test_a_stranger_gets_nothing(self):
        self.client.logout()
        self.assertEqual(self.reveal().status_code, 302)
        self.assertEqual(self.reveal(accept="text/plain").status_code, 401)

    def test_another_site_cannot_make_a_browser_fetch_it(self):
        client = self.client_class(enforce_csrf_checks=True)
        client.force_login(self.sign_in("olga"))
        self.assertEqual(client.post(f"{self.address}reveal/", {"for": "copy"}).status_code, 403)
