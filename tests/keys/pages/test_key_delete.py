"""Delete a provisioning key."""

from __future__ import annotations

from keys.models import ProvisioningKey
from tests.keys.pages.base import LIST, KeyPageTestCase, field_errors, managed_key, use_up
from tests.support.html import texts, the, words


class KeyDelete(KeyPageTestCase):
    def setUp(self):
        super().setUp()
        self.delete = f"{self.address}delete/"

    def exists(self):
        return ProvisioningKey.objects.filter(pk=self.key.pk).exists()

    def test_the_page_says_what_follows_and_offers_the_gentler_way(self):
        use_up(self.key, 3)
        page = self.client.get(self.delete)
        follows = texts(page, ".consequences li")
        self.assertIn("3 edges enrolled with it keep running and renewing, and keep the key's name.", follows)
        self.assertIn("This cannot be undone.", follows)
        self.assertEqual(words(the(page, f'main a[href="{self.address}edit/#id_enabled"]')), "Disable it instead")
        self.assertTrue(the(page, "#id_confirm_name"))
        self.assertTrue(self.exists())

    def test_the_typed_name_deletes_and_leads_to_the_list(self):
        response = self.client.post(self.delete, {"confirm_name": "Oregon"})
        self.assertRedirects(response, LIST, fetch_redirect_response=False)
        self.assertEqual(the(self.client.get(LIST), ".message").get_text().strip(), "Deleted key “Oregon”.")
        self.assertFalse(self.exists())

    def test_another_name_deletes_nothing(self):
        for typed in ("", "oregon", "Oregon 2", "Oregon\0", "x" * 300):
            response = self.client.post(self.delete, {"confirm_name": typed})
            self.assertEqual(response.status_code, 200)
            self.assertIn("confirm_name", field_errors(response))
            self.assertContains(response, "<title>Error: Delete Oregon")
        self.assertTrue(self.exists())

    def test_get_deletes_nothing(self):
        self.client.get(f"{self.delete}?confirm_name=Oregon")
        self.assertTrue(self.exists())

    def test_a_managed_key_stays(self):
        key = managed_key()
        for user in ("olga", "sue"):
            self.sign_in(user)
            response = self.client.post(f"{LIST}{key.pk}/delete/", {"confirm_name": key.name})
            self.assertContains(response, "Zscaler manages", status_code=403)
        self.assertTrue(ProvisioningKey.objects.filter(pk=key.pk).exists())

    def test_a_viewer_may_not_delete(self):
        self.sign_in("vic")
        self.assertEqual(self.client.get(self.delete).status_code, 403)
        self.assertEqual(self.client.post(self.delete, {"confirm_name": "Oregon"}).status_code, 403)
        self.assertTrue(self.exists())

    def test_a_key_that_does_not_exist_is_404(self):
        self.assertEqual(self.client.post(f"{LIST}999999/delete/", {"confirm_name": "x"}).status_code, 404)
