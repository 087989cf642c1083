"""The page of one provisioning key."""

from __future__ import annotations

from tests.keys.views.base import LIST, KeyPageTestCase, managed_key, use_up


class KeyDetail(KeyPageTestCase):
    def test_it_shows_state_and_actions_and_not_the_text(self):
        page = self.client.get(self.address)
        for action in ("Show", "Copy", "Download", "Edit", "Delete"):
            self.assertContains(page, f'aria-label="{action} key Oregon"')
        self.assertContains(page, "0 of 5")
        self.assertNotContains(page, self.text)
        self.assertNotContains(page, self.text[60:100])

    def test_at_the_limit_it_leads_to_the_limit(self):
        use_up(self.key)
        page = self.client.get(self.address)
        self.assertContains(page, f'<a href="{self.address}edit/#id_max_uses">Raise the limit</a>')
        self.assertNotContains(page, "Copy key")
        self.assertNotContains(page, "formaction")

    def test_a_managed_key_says_who_manages_it(self):
        key = managed_key()
        page = self.client.get(f"{LIST}{key.pk}/")
        self.assertContains(page, "Zscaler manages this key. You can use it but not change it.")
        self.assertContains(page, "Copy key Vendor key")
        self.assertNotContains(page, "Edit key")

    def test_a_viewer_sees_neither_text_nor_actions(self):
        self.sign_in("vic")
        page = self.client.get(self.address)
        self.assertContains(page, "You do not have permission to view keys.")
        for absent in (
            "Show key",
            "Copy key",
            "Download key",
            "Edit key",
            "Delete key",
            "New key for this group",
            "PSEK",
        ):
            self.assertNotContains(page, absent)

    def test_who_may_not_view_keys_is_refused(self):
        self.sign_in("nora")
        self.assertEqual(self.client.get(self.address).status_code, 403)

    def test_a_key_that_does_not_exist_is_404(self):
        for pk in ("0", "999999", "9" * 30):
            self.assertEqual(self.client.get(f"{LIST}{pk}/").status_code, 404)
