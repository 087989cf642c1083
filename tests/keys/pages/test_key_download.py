"""Download hands the text out as a file."""

from __future__ import annotations

from portal.models import AuditEvent
from tests.factories import make_key
from tests.keys.pages.base import LIST, KeyPageTestCase, use_up


class KeyDownload(KeyPageTestCase):
    def download(self, key=None):
        return self.client.post(f"{LIST}{(key or self.key).pk}/download/")

    def test_f15_the_file_is_the_text_and_a_newline(self):
        response = self.download()
        self.assertEqual(response.content.decode(), self.text + "\n")
        self.assertEqual(response["Content-Disposition"], 'attachment; filename="oregon.provisioning-key.txt"')
        self.assertEqual(response["Content-Type"], "text/plain; charset=utf-8")
        self.assertIn("no-store", response["Cache-Control"])
        self.assertEqual(AuditEvent.objects.filter(action="key.downloaded", actor_name="olga").count(), 1)

    def test_f15_the_file_is_named_after_the_key(self):
        key, _ = make_key("São Paulo")
        self.assertIn('filename="sao-paulo.provisioning-key.txt"', self.download(key)["Content-Disposition"])

    def test_f15_a_name_without_latin_letters_becomes_the_id(self):
        key, _ = make_key("東京")
        self.assertIn(f'filename="key-{key.pk}.provisioning-key.txt"', self.download(key)["Content-Disposition"])

    def test_f15_get_is_not_allowed(self):
        self.assertEqual(self.client.get(f"{self.address}download/").status_code, 405)

    def test_refusals_come_in_the_order_role_viewable_limit(self):
        hidden, _ = make_key(viewable=False)
        use_up(hidden)
        use_up(self.key)
        self.assertEqual(self.download(hidden).status_code, 404)
        self.assertEqual(self.download().status_code, 409)
        self.assertEqual(self.client.post(f"{LIST}999999/download/").status_code, 404)
        self.sign_in("vic")
        self.assertEqual(self.download(hidden).status_code, 403)
        self.assertEqual(self.download().status_code, 403)
