"""The page that deletes a signing certificate."""

from __future__ import annotations

from tests.factories import make_key
from tests.keys.pages.base import OwnCertificateTestCase, field_errors

LIST = "/enrollment-certificates/"


class ChangeTest(OwnCertificateTestCase):
    def test_d10_deleting_one_in_use_names_who_uses_it(self):
        make_key("berlin", signing_certificate=self.record)
        answer = self.client.get(f"{LIST}{self.address}delete/")
        for text in ("can't be deleted", "berlin", "Move keys to another certificate"):
            self.assertContains(answer, text)
        answer = self.post(f"{self.address}delete/", confirm_name="Own")
        self.assertContains(answer, "Still in use by berlin (key).", status_code=409)

    def test_an_unused_one_is_deleted_by_its_name(self):
        answer = self.post(f"{self.address}delete/", confirm_name="own")
        self.assertEqual(list(field_errors(answer)), ["confirm_name"])
        self.assertRedirects(self.post(f"{self.address}delete/", confirm_name="Own"), LIST)
