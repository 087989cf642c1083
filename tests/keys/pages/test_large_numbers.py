"""Across modules: large numbers are grouped wherever a page shows how many uses a key has."""

from __future__ import annotations

from keys.models import ProvisioningKey
from tests.base import PortalTestCase
from tests.factories import make_key
from tests.support.html import parsed, texts, words


class LargeNumbersTest(PortalTestCase):
    def test_uses_are_grouped_on_every_page(self) -> None:
        key, _ = make_key("large", max_uses=50_000)
        ProvisioningKey.objects.filter(pk=key.pk).update(uses=12_345)
        self.sign_in("ada")
        page = f"/service-edge-keys/{key.pk}/"
        for path in ("/service-edge-keys/?expand=all", page, f"{page}edit/"):
            with self.subTest(path):
                self.assertIn("12,345 of 50,000", words(parsed(self.client.get(path)).select_one("main")))
        self.assertIn("12,345 edges", words(parsed(self.client.get(f"{page}delete/")).select_one("main")))
        self.assertEqual(texts(self.client.get("/service-edge-keys/"), "td.number"), ["50,000"])
        # What a script or a form reads is a plain number.
        self.assertEqual(parsed(self.client.get(page)).select_one("main meter")["max"], "50000")
