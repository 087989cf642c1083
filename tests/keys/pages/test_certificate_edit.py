"""The page that edits a signing certificate."""

from __future__ import annotations

from tests.factories import signing_certificate
from tests.keys.pages.base import OwnCertificateTestCase

LIST = "/enrollment-certificates/"


class ChangeTest(OwnCertificateTestCase):
    def test_it_is_edited_and_disabled(self):
        self.assertRedirects(self.edit(name="Renamed", description="new", enabled=""), f"{LIST}{self.address}")
        self.record.refresh_from_db()
        self.assertEqual((self.record.name, self.record.description, self.record.enabled), ("Renamed", "new", False))

    def test_a_stale_form_is_409_with_both_values(self):
        self.edit(name="First")
        answer = self.edit(name="Second")
        self.assertContains(answer, "This certificate was changed after you opened the page", status_code=409)
        for text in ("First", "Second"):
            self.assertContains(answer, text, status_code=409)
        self.assertEqual(self.edit(name="Second", version=str(answer.context["stale"].version)).status_code, 302)

    def test_the_vendors_are_read_only(self):
        record = signing_certificate("Client")
        for word in ("edit", "delete", "upload"):
            self.assertEqual(self.client.get(f"{LIST}{record.pk}/{word}/").status_code, 403)
        self.assertNotContains(self.client.get(f"{LIST}{record.pk}/"), "Edit certificate")
