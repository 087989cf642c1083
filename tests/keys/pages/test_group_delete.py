"""Deleting a group: refused with the list of what uses it, else after its name was typed."""

from __future__ import annotations

from datetime import UTC, datetime

from enrollment.models import ServiceEdge
from keys.models import ServiceEdgeGroup
from tests.factories import make_group, make_key
from tests.keys.pages.base import field_errors
from tests.keys.pages.groups import GROUPS, NEVER, GroupPageTestCase, make_edges
from tests.support.html import links, texts


class Deleting(GroupPageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.group = make_group("Berlin")
        self.address = f"{GROUPS}{self.group.pk}/delete/"

    def test_the_name_is_typed_first(self) -> None:
        answer = self.client.post(self.address, {"confirm_name": "berlin"})
        self.assertIn("This is not the name of the group", field_errors(answer)["confirm_name"][0])
        self.assertRedirects(self.client.post(self.address, {"confirm_name": "Berlin"}), GROUPS)
        self.assertFalse(ServiceEdgeGroup.objects.exists())

    def test_one_in_use_is_kept_and_what_uses_it_is_linked(self) -> None:
        keys = [make_key(f"berlin {number:02}", group=self.group, max_uses=99)[0] for number in range(11)]
        make_edges(keys[0], NEVER)
        make_edges(keys[0], NEVER, deleted_at=datetime.now(UTC))
        page = self.client.get(self.address)
        self.assertEqual(texts(page, "h1"), ["Berlin can't be deleted"])
        keys_used, edges_used, deleted = texts(page, ".consequences li")
        self.assertTrue(keys_used.startswith("11 keys: berlin 00 , berlin 01"), keys_used)
        self.assertEqual(edges_used, "1 edge: berlin 00-1 .")
        self.assertTrue(deleted.startswith("1 deleted edge:"), deleted)
        linked = links(page, ".consequences a")
        edge = ServiceEdge.objects.get(deleted_at=None)
        for address in (
            keys[9].get_absolute_url(),
            edge.get_absolute_url(),
            f"/service-edge-keys/?group={self.group.pk}",
        ):
            self.assertIn(address, linked)
        self.assertNotIn(keys[10].get_absolute_url(), linked)
        self.assertEqual(links(page, ".actions-line a")[0], f"{GROUPS}{self.group.pk}/edit/#id_enabled")
        answer = self.client.post(self.address, {"confirm_name": "Berlin"})
        self.assertContains(answer, "can't be deleted", status_code=409)
        self.assertTrue(ServiceEdgeGroup.objects.exists())
