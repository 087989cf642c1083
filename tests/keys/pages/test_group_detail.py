"""The page of one group: its place, its fields, its keys and edges, and what is wrong with it."""

from __future__ import annotations

from decimal import Decimal

from keys.models import ProvisioningKey, ServiceEdgeGroup
from keys.pages.group_map import group_map
from tests.factories import make_group, make_key
from tests.keys.pages.groups import GROUPS, LATELY, LONG_AGO, NEVER, GroupPageTestCase, make_edges
from tests.support.html import links, parsed, texts


class Page(GroupPageTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.group = make_group(
            "Berlin", location="Berlin, Germany", description="Two\nlines", latitude=Decimal("52.520008"),
            longitude=Decimal("-13.4"), trusted_networks=["Office", "Lab"], upgrade_seconds=900,
            grace_distance_enabled=True, grace_distance=Decimal("12.50"), grace_distance_unit="KMS",
        )  # fmt: skip
        cls.address = f"{GROUPS}{cls.group.pk}/"

    def verdict(self) -> tuple[list[str], list[str]]:
        page = self.client.get(self.address)
        return texts(page, "main .notice"), links(page, "main .notice a")

    def test_it_shows_every_field_in_words(self) -> None:
        page = self.client.get(self.address)
        shown = dict(zip(texts(page, ".summary dt"), texts(page, ".summary dd"), strict=True))
        self.assertEqual(shown["Coordinates"], "52.520008, -13.4")
        self.assertEqual(shown["Description"], "Two lines")
        self.assertEqual(shown["Software update"], "Sunday, 00:15 UTC")
        self.assertEqual(shown["Client Connector trusted networks"], "Office, Lab")
        self.assertEqual(shown["Public service edge proximity override"], "12.5 km")
        self.assertEqual(shown["Alternative cloud domain"], "Not set")
        self.assertEqual(len(parsed(page).select(".summary svg.map")), 1)
        self.assertEqual(texts(page, "svg text"), [])

    def test_one_line_names_what_is_wrong_and_leads_on(self) -> None:
        add_key = f"/service-edge-keys/add/?group={self.group.pk}"
        no_key = "No edge can enroll: the group has no key. New key for this group"
        self.assertEqual(self.verdict(), ([no_key], [add_key]))
        key, _ = make_key("berlin", group=self.group, max_uses=9)
        self.assertEqual(self.verdict(), ([], []))
        ProvisioningKey.objects.update(enabled=False)
        keys = f"/service-edge-keys/?group={self.group.pk}"
        self.assertEqual(
            self.verdict(), (["No edge can enroll: none of its keys admits one now. Show its keys"], [keys])
        )
        make_edges(key, LATELY, LONG_AGO)
        edges = f"/service-edges/?group={self.group.pk}&connection=disconnected"
        self.assertEqual(self.verdict(), (["1 of 2 edges is disconnected. Show disconnected edges"], [edges]))
        ServiceEdgeGroup.objects.update(enabled=False)
        disabled = "Disabled: 1 key refuses enrollment, and 2 edges can't renew. Enable it"
        self.assertEqual(self.verdict(), ([disabled], [f"{self.address}edit/#id_enabled"]))
        self.sign_in("vic")
        self.assertEqual(self.verdict(), ([disabled.removesuffix(" Enable it")], []))

    def test_it_lists_keys_and_edges(self) -> None:
        key, _ = make_key("berlin", group=self.group, max_uses=9)
        make_edges(key, LATELY)
        page = self.client.get(self.address)
        self.assertIn(key.get_absolute_url(), links(page, "main .members a"))
        self.assertEqual(len(texts(page, "[aria-labelledby=edges-title] .members li")), 1)

    def test_f47_each_number_of_its_dot_on_the_map_leads_to_the_list_of_exactly_these(self) -> None:
        key, _ = make_key("berlin", group=self.group, max_uses=9)
        make_edges(key, LATELY, LONG_AGO, LONG_AGO, NEVER)
        (dot,) = [each for each in group_map(1).dots if each.name == "Berlin"]
        self.assertEqual((dot.edges.words, dot.link), ("1 of 4 edges connected, 2 disconnected", self.address))
        page = self.client.get(self.address)
        shown = zip(texts(page, ".counts a, h2 a"), links(page, ".counts a, h2 a"), strict=True)
        found = {text.split()[0]: self.client.get(link).context["list"].page.total for text, link in shown}
        self.assertEqual(found, {"1": 1, "4": 4, "2": 2})

    def test_its_events_are_a_link_for_who_may_see_them(self) -> None:
        self.assertNotContains(self.client.get(self.address), "Events of this group")
        self.sign_in("ada")
        (log,) = links(self.client.get(self.address), ".summary p > a")
        self.assertEqual(self.client.get(log).context["list"].page.total, 1)

    def test_one_that_is_not_there_is_404(self) -> None:
        self.assertEqual(self.client.get(f"{GROUPS}99999/").status_code, 404)
