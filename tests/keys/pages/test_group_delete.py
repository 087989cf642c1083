"""Deleting a group: refused with the list of what uses it, else after its name was typed."""

from __future__ import annotations

from datetime import UTC, datetime

from enrollment.models import ServiceEdge
from keys.models import ProvisioningKey, ServiceEdgeGroup
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

    def test_what_to_do_is_what_leads_to_the_end(self) -> None:
        for count, advice in ((1, "Delete the key first"), (2, "Delete the keys first")):
            key, _ = make_key(f"berlin {count}", group=self.group)
            self.assertTrue(texts(self.client.get(self.address), ".consequences + p")[0].startswith(advice))
        make_edges(key, NEVER, deleted_at=datetime.now(UTC))
        ProvisioningKey.objects.all().delete()
        # Without keys it is still kept, so nobody is sent to delete them.
        self.assertContains(self.client.get(self.address), "A group that has had edges stays")
        self.assertNotContains(self.client.get(self.address), "first: a key stays")

    def test_one_in_use_is_kept_and_what_uses_it_is_linked(self) -> None:
        keys = [make_key(f"berlin {number:02}", group=self.group, max_uses=99)[0] for number in range(11)]
        make_edges(keys[0], NEVER)
        make_edges(keys[0], NEVER, deleted_at=datetime.now(UTC))
        page = self.client.get(self.address)
        self.assertEqual(texts(page, "h1"), ["Berlin can't be deleted"])
        keys_used, edges_used, deleted = texts(page, ".consequences li")
        self.assertTrue(keys_used.startswith("11 keys: berlin 00 , berlin 01"), keys_used)
        self.assertEqual(edges_used, "1 edge: berlin 00-1 . Show as a list")
        self.assertEqual(deleted, "1 deleted edge.")
        self.assertIn("A group that has had edges stays", texts(page, ".consequences + p")[0])
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
