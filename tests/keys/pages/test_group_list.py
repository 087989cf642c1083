"""The list of groups: its rows and their counts, its filters, and who sees what."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from unittest import skipUnless
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connection
from django.db.models import Q
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from enrollment.models import ServiceEdge
from enrollment.operations import enroll, revoke_edge
from keys.models import ProvisioningKey, ServiceEdgeGroup
from keys.pages import group_list, group_map, group_rows
from keys.pages.group_list import GroupFilters
from portal.lists import counting, filters, listing, segments
from portal.lists.paging import keys_in_order
from portal.tones import Tone
from tests.factories import ACTOR, EDGE, make_csr, make_group, make_key, make_managed
from tests.keys.pages.groups import GROUPS, LATELY, LONG_AGO, NEVER, GroupPageTestCase, listed, make_edges
from tests.support.html import links, parsed, texts, the
from tests.support.sqlite_steps import steps

# Counts with the segment; the groups; their keys; their edges; the map.
QUERIES = 5
# Session, user, permissions of the user and of the roles.
SIGNED_IN = 4
LATER = datetime(2100, 1, 1, tzinfo=UTC)


class Rows(GroupPageTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.berlin = make_group(
            "Berlin", location="Berlin, Germany", city="Mitte", country_code="DE",
            latitude=Decimal("52.52"), longitude=Decimal("13.4"),
        )  # fmt: skip
        cls.oslo = make_group("Oslo", enabled=False, location="Oslo", version_profile="2", upgrade_day="MONDAY")
        cls.empty = make_group("Paris", upgrade_day="TUESDAY")
        cls.key, text = make_key("berlin", group=cls.berlin, max_uses=9)
        make_key("spare", group=cls.berlin)
        enroll(text, make_csr(), caller=EDGE)
        revoke_edge(ServiceEdge.objects.get(), reason="superseded", actor=ACTOR)
        make_edges(cls.key, LATELY, LATELY, LONG_AGO, NEVER)
        make_edges(cls.key, LATELY, enabled=False)
        make_edges(cls.key, LATELY, deleted_at=datetime.now(UTC))
        oslo_key, _ = make_key("oslo", group=cls.oslo)
        make_edges(oslo_key, LONG_AGO)

    def row(self, group: ServiceEdgeGroup, **query: str) -> str:
        return f"tbody:has(#n-{group.pk})"

    def test_the_columns_are_those_of_the_vendor_and_the_counts(self) -> None:
        heads = [
            "Details", "Name", "Status", "Keys", "Edges", "Location", "Version Profile",
            "Next Periodic Software Update", "Actions",
        ]  # fmt: skip
        self.assertEqual(texts(self.client.get(GROUPS), "table.list thead th"), heads)

    def test_a_group_without_a_location_shows_its_city_and_country(self) -> None:
        """In the list, its CSV, on the map with its table, and on its page."""
        place = {"city": "Lyon", "country_code": "FR", "latitude": Decimal("45.76"), "longitude": Decimal("4.83")}
        ServiceEdgeGroup.objects.filter(pk=self.empty.pk).update(**place)
        page = self.client.get(GROUPS)
        self.assertEqual(texts(page, f"{self.row(self.empty)} td[data-label=Location]"), ["Lyon, FR"])
        self.assertIn("Lyon, FR", texts(page, ".map-figure td[data-label=Location]"))
        self.assertEqual(texts(self.client.get(self.empty.get_absolute_url()), ".lead"), ["Lyon, FR"])
        answer = b"".join(self.client.get(GROUPS, {"format": "csv", "q": "paris"}).streaming_content).decode()
        self.assertIn('"Lyon, FR"', answer)

    def test_f47_a_row_counts_what_its_links_list(self) -> None:
        page = self.client.get(GROUPS)
        row = self.row(self.berlin)
        self.assertEqual(texts(page, f"{row} td[data-label=Keys] a"), ["2"])
        self.assertEqual(
            texts(page, f"{row} td[data-label=Edges] a"),
            ["2 connected in Berlin", "6 edges of Berlin", "1 disconnected in Berlin"],
        )
        (keys,), edges = links(page, f"{row} td[data-label=Keys] a"), links(page, f"{row} td[data-label=Edges] a")
        totals = [self.client.get(link).context["list"].page.total for link in (keys, *edges)]
        self.assertEqual(totals, [2, 2, 6, 1])

    def test_a_row_opens_with_its_keys_its_edges_and_its_settings(self) -> None:
        make_edges(self.key, *[NEVER] * 3)
        page = self.client.get(f"{GROUPS}?expand={self.berlin.pk}")
        details = f"#d-{self.berlin.pk}"
        self.assertFalse(the(page, details).has_attr("hidden"))
        self.assertEqual(texts(page, f"{details} .members li:has(.use)"), ["spare 0 of 1 Ready", "berlin 1 of 9 Ready"])
        self.assertEqual(len(texts(page, f"{details} [aria-label='Edges of Berlin'] li")), 5)
        self.assertIn("All 9 edges", texts(page, f"{details} p > a"))
        self.assertIn("52.52, 13.4", texts(page, f"{details} dd"))
        self.assertEqual(links(page, f"{details} .actions-line a"), [f"/service-edge-keys/add/?group={self.berlin.pk}"])

    def test_the_next_update_is_a_day_with_the_exact_time_on_hover_and_an_order(self) -> None:
        with time_machine.travel(datetime(2026, 11, 30, 12, tzinfo=UTC), tick=False):
            self.sign_in("olga")
            page = self.client.get(GROUPS)
            time = the(page, f"{self.row(self.empty)} td[data-label='Next update'] time")
            self.assertEqual(time.get_text(" ", strip=True), "Tue 18:30 in 1 day")
            self.assertEqual(time["title"], "1 Dec 2026, 18:30 UTC")
            self.assertEqual(listed(self.client.get(f"{GROUPS}?sort=update")), ["Oslo", "Paris", "Berlin"])
        with time_machine.travel(datetime(2026, 11, 30, 18, 30, tzinfo=UTC), tick=False):
            self.sign_in("olga")
            self.assertEqual(listed(self.client.get(f"{GROUPS}?sort=update")), ["Paris", "Berlin", "Oslo"])

    def test_each_filter_finds_its_groups(self) -> None:
        for query, found in {
            "q=ERL": ["Berlin"],
            "q=mitte": ["Berlin"],
            "q=germany": ["Berlin"],
            "edges=disconnected": ["Berlin", "Oslo"],
            "edges=none": ["Paris"],
            "enabled=no": ["Oslo"],
            "profile=2": ["Oslo"],
            "use=unused": ["Paris"],
            "use=used": ["Berlin", "Oslo"],
            "country=de": ["Berlin"],
            "area=52,13,53,14": ["Berlin"],
            "area=0,0,1,1;52.52,13.4,52.52,13.4": ["Berlin"],
            "managed=vendor": [],
        }.items():
            with self.subTest(query):
                self.assertEqual(listed(self.client.get(f"{GROUPS}?{query}")), found)

    def test_a_row_counts_up_to_its_limit(self) -> None:
        (row,) = group_rows.read(ServiceEdgeGroup.objects.filter(pk=self.berlin.pk), 1)
        self.assertEqual(counting.words(row.key_count), "1+")
        with patch.object(group_list, "MOST_EDGES", 2):
            page = self.client.get(GROUPS)
        self.assertEqual(texts(page, f"{self.row(self.berlin)} td[data-label=Edges] a"), ["2+ edges of Berlin"])
        (link,) = links(page, f"{self.row(self.berlin)} td[data-label=Edges] a")
        self.assertEqual(link, f"/service-edges/?group={self.berlin.pk}")

    def test_an_area_that_is_none_is_explained(self) -> None:
        for area in ("1,2,3", "nan,0,1,1", "1,2,3,4;5", "a,b,c,d", ";", "0,0,5000,0", "-1e308,0,1,1", "0,0,0,181"):
            page = self.client.get(GROUPS, {"area": area})
            self.assertIn("“Area” is not south, west, north and east", texts(page, "#error-summary")[0])
            self.assertEqual(listed(page), [])

    def test_the_segment_counts_groups_with_disconnected_edges(self) -> None:
        self.assertEqual(texts(self.client.get(GROUPS), "#segments a"), ["All 3", "Disconnected 2"])
        make_edges(make_key("paris", group=self.empty)[0], LONG_AGO)
        self.addCleanup(segments._known.clear)
        with (
            patch.object(filters, "IN_A_ROW", 1),
            patch.object(segments, "SHORT", 1),
            patch.dict(listing._parts, clear=True),
        ):
            page = self.client.get(GROUPS)
            self.assertEqual(texts(page, "#segments a"), ["All 3", "Disconnected 1+"])
            (disconnected,) = links(page, "#segments a:last-child")
            # Whether it is counted again or known.
            for _ in range(2):
                found = self.client.get(f"{GROUPS}{disconnected}")
                self.assertEqual(texts(found, "#count"), ["1+ of 3 groups"])
                self.assertEqual(listed(found), ["Berlin", "Oslo", "Paris"])
                segments._known.clear()

    @skipUnless(connection.vendor == "postgresql", "SQLite asks each group in turn")
    def test_the_segment_does_not_read_the_edges_of_all_groups(self) -> None:
        found = ServiceEdgeGroup.objects.filter(GroupFilters.base_filters["edges"].condition("disconnected"))
        self.assertRegex(found.explain(), r"Filter: \(\(SubPlan \d+\) IS NOT NULL\)")

    @skipUnless(connection.vendor == "postgresql", "SQLite asks groups in the order of the page")
    def test_a_page_of_groups_without_edges_is_expected_to_be_full_soon(self) -> None:
        """Else PostgreSQL asks all groups and sorts those that it found."""
        groups = ServiceEdgeGroup.objects.order_by()
        without = groups.filter(GroupFilters.base_filters["edges"].condition("none"))
        expected = [int(re.findall(r"rows=(\d+)", rows.explain())[0]) for rows in (groups, without)]
        self.assertGreater(expected[1], expected[0] / 5)

    @pytest.mark.once
    @skipUnless(connection.vendor == "sqlite", "PostgreSQL plans by the number of groups")
    def test_a_filtered_page_asks_groups_in_its_order_until_it_is_full(self) -> None:
        for query in ("edges=disconnected", "edges=none", "use=unused"):
            state = group_list.GROUPS.state(QueryDict(query))
            filters, order = GroupFilters(state, group_list.GROUPS.rows()), group_list.GROUPS.order(state)
            plan = keys_in_order(filters.for_page(3, order), Q(), order, descending=False)[:26].explain()
            self.assertNotRegex(plan, "LIST SUBQUERY|TEMP B-TREE", query)

    def test_a_viewer_sees_everything_and_changes_nothing(self) -> None:
        self.sign_in("vic")
        page = self.client.get(f"{GROUPS}?expand=all")
        self.assertIn("2 connected", page.content.decode())
        for absent in ("Add group", "Edit group", "Delete group", "New key for this group"):
            self.assertNotContains(page, absent)

    def test_names_and_places_are_escaped_and_long_ones_do_not_matter(self) -> None:
        texts_of_people = dict.fromkeys(
            ("description", "city", "created_by", "modified_by", "alternative_cloud"), "<i>&"
        )
        ServiceEdgeGroup.objects.filter(pk=self.empty.pk).update(
            **texts_of_people, name="<i>&" * 8, location="<b>" * 80, modified_at=LATER
        )
        key, _ = make_key("paris", group=self.empty)
        make_edges(key, NEVER)
        ProvisioningKey.objects.filter(pk=key.pk).update(name="<i>&")
        ServiceEdge.objects.filter(group=self.empty).update(name="<i>&")
        page = self.client.get(f"{GROUPS}?expand=all").content.decode()
        self.assertEqual(texts(page, f"#d-{self.empty.pk} .members a"), ["<i>&"] * 2)
        # The style sheet shows it where the name is cut.
        self.assertEqual(the(page, f"#n-{self.empty.pk}")["data-end"], ">&<i>&<i>&")
        self.assertNotIn("<i>&", page)
        self.assertNotIn("<b><b>", page)

    def test_the_names_of_groups_lead_to_their_pages_from_keys_and_edges(self) -> None:
        page = f"{GROUPS}{self.berlin.pk}/"
        edge = ServiceEdge.objects.filter(group=self.berlin).first()
        for address in ("/service-edge-keys/", f"/service-edge-keys/{self.key.pk}/", "/service-edges/"):
            self.assertIn(page, links(self.client.get(address), "main a"))
        self.assertIn(page, links(self.client.get(edge.get_absolute_url()), "main a"))

    @pytest.mark.once
    def test_a_page_costs_the_same_few_queries_whatever_it_shows(self) -> None:
        for number in range(30):
            group = make_group(f"More {number:02}", latitude=number, longitude=number)
            make_key(f"more {number:02}", group=group)
        first = self.client.get(GROUPS)
        for address in (GROUPS, f"{GROUPS}?sort=location&edges=none", GROUPS + first.context["list"].page.next_link):
            with (
                self.subTest(address),
                CaptureQueriesContext(
                    connection,
                ) as read,
            ):
                self.client.get(address)
            # The menu counts what needs care at most every few seconds.
            asked = [query for query in read if "LIMIT 10001" not in query["sql"] or "segment" in query["sql"]]
            self.assertLessEqual(len(asked), QUERIES + SIGNED_IN, [query["sql"][:90] for query in read])

    def test_the_menu_leads_to_it(self) -> None:
        current = parsed(self.client.get(GROUPS)).select("nav[aria-label=Main] a[aria-current=page]")
        self.assertEqual([link["href"] for link in current], [GROUPS])
        entries = texts(self.client.get(GROUPS), "#menu ul[aria-labelledby=menu-infrastructure] li > a:first-child")
        self.assertEqual(entries[:3], ["Service Edges", "Service Edge Groups", "Service Edge Keys"])


class OtherGroups(GroupPageTestCase):
    def test_f44_without_groups_the_page_explains_and_offers_one(self) -> None:
        page = self.client.get(GROUPS)
        self.assertEqual(texts(page, ".card.empty h2"), ["No Service Edge groups yet"])
        self.assertEqual(links(page, ".card.empty a"), [f"{GROUPS}add/"])
        self.sign_in("vic")
        self.assertEqual(links(self.client.get(GROUPS), ".card.empty a"), [])
        self.sign_in("nora")
        self.assertContains(self.client.get(GROUPS), "Ask an administrator for the Viewer role", status_code=403)

    def test_f20_a_group_of_the_vendor_is_read_only(self) -> None:
        make_managed(groups=[{"name": "Vendor"}], keys=[])
        group = ServiceEdgeGroup.objects.get()
        for address in (GROUPS, f"{GROUPS}{group.pk}/"):
            page = self.client.get(address)
            self.assertContains(page, "Managed by Zscaler")
            self.assertEqual(links(page, "main a[href$='/edit/'], main a[href$='/delete/']"), [])
        for word in ("edit", "delete"):
            self.assertContains(self.client.get(f"{GROUPS}{group.pk}/{word}/"), "Zscaler manages", status_code=403)


class OnTheMap(GroupPageTestCase):
    def test_a_dot_of_several_groups_leads_to_exactly_these(self) -> None:
        for name, latitude, longitude in (("Far", 10, 10), ("One", 50, 8), ("Two", 50.5, 8.5), ("Three", 50, 8)):
            make_group(name, latitude=latitude, longitude=longitude)
        make_group("Nowhere")
        page = self.client.get(GROUPS)
        dots = {link["aria-label"]: link["href"] for link in parsed(page).select(".targets a")}
        self.assertEqual(set(dots), {"3 groups near One: no edges", "Far: no edges"})
        found = self.client.get(dots["3 groups near One: no edges"])
        self.assertEqual(listed(found), ["One", "Three", "Two"])
        self.assertEqual(set(parse_qs(urlsplit(dots["3 groups near One: no edges"]).query)), {"area"})
        self.assertEqual(dots["Far: no edges"], ServiceEdgeGroup.objects.get(name="Far").get_absolute_url())
        table = [texts(page, f".map-figure tbody tr:nth-child({number})")[0] for number in (1, 2)]
        self.assertEqual(sorted(table), ["3 groups near One No edges", "Far No edges"])
        # Above the links, whose ring then leaves it readable.
        self.assertEqual(texts(page, ".map .targets ~ g text"), ["3"])

    def test_of_many_groups_dots_lead_to_exactly_these_and_edges_are_not_read(self) -> None:
        places = {"Far": (10, 10), "One": (50, 8), "Two": (50.5, 8.5), "Three": (49, 8), "Pole": (-90, 170)}
        groups = [
            make_group(name, latitude=latitude, longitude=longitude, location=name)
            for name, (latitude, longitude) in places.items()
        ]
        make_group("Nowhere")
        make_edges(make_key("one", group=groups[1])[0], *[LATELY] * 300)
        self.addCleanup(group_map._known.clear)
        with patch.object(group_map, "MOST_GROUPS", 3):
            page = self.client.get(GROUPS)
            dots = {link["aria-label"]: link["href"] for link in parsed(page).select(".targets a")}
            self.assertEqual(list(dots), ["3 groups near One", "Far, Far", "Pole, Pole"])
            self.assertEqual(listed(self.client.get(dots["3 groups near One"])), ["One", "Three", "Two"])
            self.assertEqual(dots["Pole, Pole"], groups[4].get_absolute_url())
            self.assertEqual({each["class"][-1] for each in parsed(page).select(".map .dot")}, {"places"})
            self.assertEqual(texts(page, ".map-figure thead th"), ["Group", "Location"])
            self.assertEqual(texts(page, ".map-figure tbody tr:first-child"), ["3 groups near One"])
            (says,) = texts(page, ".map-figure figcaption > p")
            self.assertIn("the map shows where they are, not how their edges are", says)
            (lost,) = links(page, ".map-figure figcaption > p a")
            self.assertEqual(listed(self.client.get(lost)), [])
            group_map._known.clear()
            if connection.vendor == "sqlite":
                # With the edges of three groups it takes 9,000.
                self.assertLess(steps(lambda: group_map.group_map(6)), 1_500)

    def test_a_dot_whose_edges_were_not_all_counted_claims_nothing_of_the_others(self) -> None:
        """If those that were read are connected, it does not show that all are; if they are lost, not that none is."""
        ages = {"Connected": [LATELY] * 12, "Lost": [LONG_AGO] * 12, "Both": [LATELY, LONG_AGO] * 6, "Few": [LATELY]}
        for number, (name, contacts) in enumerate(ages.items()):
            make_edges(make_key(name, group=make_group(name, latitude=0, longitude=40 * number))[0], *contacts)
        self.addCleanup(group_map._known.clear)
        with patch.object(group_map, "_MOST_EDGES", 1):
            drawn = group_map.group_map(4)
        self.assertEqual(
            {dot.name: (dot.edges.words, dot.tone.value) for dot in drawn.dots},
            {
                "Connected": ("10+ edges", "off"),
                "Lost": ("10+ edges", "warning"),
                "Both": ("10+ edges", "warning"),
                "Few": ("1 of 1 edge connected", "ok"),
            },
        )
        self.assertEqual(drawn.legend[Tone.OFF], group_map.OR_NOT_COUNTED)
        self.assertEqual(group_map.group_map(4).legend, group_map.LEGEND)

    def test_it_is_beside_the_first_page_only(self) -> None:
        for number in range(26):
            make_group(f"Group {number:02}", latitude=1, longitude=1)
        first = self.client.get(GROUPS)
        self.assertContains(first, 'aria-label="Map of groups"')
        second = self.client.get(GROUPS + first.context["list"].page.next_link)
        self.assertNotContains(second, 'aria-label="Map of groups"')
