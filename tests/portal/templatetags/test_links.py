"""The `linked` filter: records as links, separated by commas."""

from __future__ import annotations

from types import SimpleNamespace

from django.test import SimpleTestCase

from portal.templatetags.links import linked
from tests.support.html import links, texts


class LinkedTests(SimpleTestCase):
    def test_names_are_escaped_and_lead_to_their_pages(self) -> None:
        records = [SimpleNamespace(name=name, get_absolute_url=f"/{name}/".lower) for name in ("A", "<B>")]
        found = linked(records)
        self.assertEqual((texts(found, "a"), links(found, "a")), (["A", "<B>"], ["/a/", "/<b>/"]))
        self.assertIn("</a>, <a", found)
        self.assertEqual(linked([]), "")
