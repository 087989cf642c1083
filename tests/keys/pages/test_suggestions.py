"""The names of groups that a field suggests while somebody types; there may be thousands, and a page offers fifty."""

from __future__ import annotations

from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext

from keys import choices
from tests.base import PortalTestCase
from tests.factories import make_group, make_key

ADDRESS = "/service-edge-keys/groups/"


class GroupNames(PortalTestCase):
    def setUp(self):
        self.sign_in("vic")
        for number in range(51):
            make_group(f"Aachen {number:02}")
        self.zurich = make_group("Zürich DC-1")

    def values(self, text, **more):
        return [each["value"] for each in self.client.get(ADDRESS, {"q": text, **more}).json()["groups"]]

    def test_any_part_of_a_name_finds_it_whatever_its_case_and_its_place(self):
        for text in ("Zürich DC-1", "züri", "  DC-1 ", "Zu\u0308R"):
            self.assertEqual(self.values(text), ["Zürich DC-1"])

    def test_at_most_fifty_are_told_by_name(self):
        self.assertEqual(self.values("aachen"), [f"Aachen {number:02}" for number in range(50)])

    def test_a_name_of_digits_is_told_with_the_id_that_it_would_be_read_as(self):
        group = make_group("2026")
        self.assertEqual(
            self.client.get(ADDRESS, {"q": "202"}).json(),
            {"groups": [{"value": str(group.pk), "label": "2026", "keys": "0 keys"}]},
        )

    def test_each_has_the_number_of_its_keys_counted_to_a_hundred(self):
        used = make_group("Used")
        for _ in range(2):
            make_key(group=used)
        for most, expected in ((100, "2 keys"), (2, "2 keys"), (1, "1+ keys")):
            with patch.object(choices, "_MOST_KEYS", most), CaptureQueriesContext(connection) as captured:
                (found,) = self.client.get(ADDRESS, {"q": used.name}).json()["groups"]
            self.assertEqual(found["keys"], expected)
            self.assertEqual(len([each for each in captured if "provisioningkey" in each["sql"]]), 1)

    def test_rude_texts_find_nothing(self):
        for text in ("\0", "%", "_", "x" * 5000, "x" * 60_000, "\ud800".encode("utf-8", "surrogatepass")):
            self.assertEqual(self.values(text), [])

    def test_it_is_for_those_who_see_keys(self):
        self.sign_in("nora")
        self.assertEqual(self.client.get(ADDRESS, {"q": "a"}).status_code, 403)
