"""Show and Copy fetch the text of a key by POST."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.test import override_settings

from keys.crypto import keyring
from keys.models import ProvisioningKey
from portal.models import AuditEvent
from tests.factories import make_key
from tests.keys.pages.base import LIST, KeyPageTestCase, managed_key, use_up


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

    def test_e04_a_hidden_key_is_404_even_for_a_superuser_and_at_its_limit(self):
        hidden, _ = make_key(viewable=False)
        use_up(hidden)
        for user in ("olga", "sue"):
            self.sign_in(user)
            for purpose in ("copy", "show"):
                self.assertEqual(self.reveal(hidden, purpose).status_code, 404)
            self.assertEqual(self.client.post(f"{LIST}{hidden.pk}/download/").status_code, 404)

    def test_e05_at_the_limit_it_is_409(self):
        use_up(self.key)
        self.assertEqual(self.reveal(purpose="show").status_code, 409)
        self.assertEqual(self.client.post(f"{self.address}download/").status_code, 409)
        response = self.reveal()
        self.assertContains(response, "All 5 uses of this key are taken.", status_code=409)
        self.assertNotContains(response, self.text[60:100], status_code=409)

    def test_at_a_limit_of_one_it_is_said_in_the_singular(self):
        key, _ = make_key(max_uses=1)
        use_up(key)
        self.assertContains(self.reveal(key), "The only use of this key is taken. Raise the limit", status_code=409)

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

    def test_a_script_learns_why_there_is_no_text(self):
        for who, address, purpose, expected in (
            ("olga", f"{LIST}999999/reveal/", "copy", (404, "not_found")),
            ("olga", f"{self.address}reveal/", "steal", (400, "bad_request")),
            ("vic", f"{self.address}reveal/", "copy", (403, "forbidden")),
        ):
            self.sign_in(who)
            answer = self.client.post(address, {"for": purpose}, headers={"Accept": "text/plain"})
            self.assertEqual((answer.status_code, answer.json()["code"]), expected)

    def test_a_stranger_gets_nothing(self):
        self.client.logout()
        self.assertEqual(self.reveal().status_code, 302)
        self.assertEqual(self.reveal(accept="text/plain").status_code, 401)

    def test_another_site_cannot_make_a_browser_fetch_it(self):
        client = self.client_class(enforce_csrf_checks=True)
        client.force_login(self.sign_in("olga"))
        self.assertEqual(client.post(f"{self.address}reveal/", {"for": "copy"}).status_code, 403)


class TextsThatDoNotOpen(KeyPageTestCase):
    """B-09: AES-GCM is bound to the row, so a text that was changed or moved opens nowhere, and somebody is told."""

    def setUp(self):
        super().setUp()
        self.other, self.other_text = make_key("Texas")

    def tamper(self, sealed):
        ProvisioningKey.objects.filter(pk=self.key.pk).update(sealed_token=sealed)

    def assert_refused(self):
        actions = [("reveal/", {"for": "copy"}), ("reveal/", {"for": "show"}), ("download/", {})]
        for path, data in actions:
            with self.assertLogs("keys.operations.provisioning_keys", "ERROR") as logged:
                page = self.client.post(self.address + path, data)
                problem = self.client.post(self.address + path, data, headers={"Accept": "text/plain"})
            self.assertEqual((page.status_code, problem.status_code), (409, 409))
            self.assertContains(page, "Make a new key for the same group", status_code=409)
            self.assertEqual(problem.json()["code"], "key_unopenable")
            self.assertIn("Make a new key for the same group", problem.json()["detail"])
            for answer in (page.content.decode(), problem.content.decode(), *logged.output):
                self.assertNotIn(self.text[60:90], answer)
                self.assertNotIn(self.other_text[60:90], answer)
        events = AuditEvent.objects.filter(object_id=str(self.key.pk), reason="key_unopenable").order_by("id")
        told = [(event.action, event.outcome, event.actor_name) for event in events]
        expected = [(action, "refused", "olga") for action in ("key.copied", "key.shown", "key.downloaded")]
        self.assertEqual(told, [each for each in expected for _ in range(2)])
        self.sign_in("ada")
        self.assertContains(self.client.get(self.address), "Copied, refused: key unopenable")

    def test_b09_the_text_of_another_row_does_not_open_here(self):
        self.tamper(bytes(self.other.sealed_token))
        self.assert_refused()

    def test_b09_a_changed_text_does_not_open(self):
        sealed = bytes(self.key.sealed_token)
        for changed in (sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:40], b"", b"x"):
            with self.subTest(changed=changed[:8]):
                self.tamper(changed)
                self.assertEqual(self.client.post(f"{self.address}download/").status_code, 409)
        self.tamper(sealed)
        self.assertEqual(self.client.post(f"{self.address}download/").content.decode(), self.text + "\n")

    def test_b09_without_the_keyring_that_sealed_it_a_text_does_not_open(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "keyring.json"
            path.write_text(keyring.generate("another"))
            with override_settings(KEYRING_FILE=str(path)):
                self.assert_refused()
