"""A search for a part of a name reads a bounded number of rows on SQLite, and what it left out is nowhere missing."""

from __future__ import annotations

from copy import copy
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.db.models import Q
from django.db.models.base import ModelState
from django.http import QueryDict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from enrollment import audit_search
from enrollment.models import ServiceEdge
from enrollment.pages.audit_log import EVENTS
from enrollment.pages.edge_list import EDGES
from keys import choices
from keys.models import ProvisioningKey, ServiceEdgeGroup
from keys.pages.group_list import GROUPS
from keys.pages.key_list import KEYS
from portal.lists import list_filters
from portal.lists.counting import capped_count
from portal.lists.listing import List
from portal.lists.name_search import NameSearch
from portal.lists.paging import read_in_order
from portal.lists.state import ListState
from tests.enrollment.base import EnrollmentTestCase
from tests.factories import make_group, make_key
from tests.support.html import links, parsed, texts
from tests.support.sqlite_steps import steps

ON_SQLITE = connection.vendor == "sqlite"
# Names that are read, of so many keys, edges and groups.
READ, ALL = 20, 800
# Steps of SQLite: those of a page that reads READ names and fifty offers of each filter. All names take twice as many.
BOUND = 4_500


class NamesOnSQLite(EnrollmentTestCase):
    """Names from n0000 to n0799. Three keys are in the group of the last one."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        # Groups that no test names are counted, and numbers are what is searched for here.
        (counted,) = ServiceEdgeGroup.objects.filter(name__startswith="Group ")
        ServiceEdgeGroup.objects.filter(pk=counted.pk).update(name="Elsewhere", sort_name="elsewhere")
        first, group = make_key("n0000", group=counted)[0], make_group("n0000 last")
        names = [f"n{number:04}" for number in range(1, ALL)]
        keys = [copy(first) for _ in names]
        for number, (key, name) in enumerate(zip(keys, names, strict=True), 1):
            key.pk, key.name, key.sort_name, key.public_id = None, name, name, f"{number:032x}"
            key.token_tail, key.fingerprint, key._state = f"t{number:07}", number.to_bytes(32, "big"), ModelState()
            key.group_id = group.pk if number > ALL - 4 else first.group_id
        ProvisioningKey.objects.bulk_create(keys)
        ServiceEdge.objects.bulk_create(
            ServiceEdge(
                name=each.name,
                sort_name=each.name,
                group=group,
                key_public_id=each.public_id,
                key_name=each.name,
                key_sort_name=each.name,
                use_number=1,
                enrolled_at=first.created_at,
            )
            for each in keys
        )
        ServiceEdgeGroup.objects.bulk_create(ServiceEdgeGroup(name=name, sort_name=name) for name in names)

    def setUp(self) -> None:
        super().setUp()
        self.sign_in("sue")
        for limit in ("first_names.MOST", "lists.list_filters.MOST"):
            patched = patch(f"portal.{limit}", READ)
            patched.start()
            self.addCleanup(patched.stop)

    def get(self, listed: List, **query: str) -> Any:
        return self.client.get(reverse(listed.address), query)

    def found(self, listed: List, **query: str) -> list[str]:
        request = RequestFactory().get(reverse(listed.address), {"per_page": "100", **query})
        return sorted(row.name for row in listed.open(request).page.rows)

    def test_a_search_on_sqlite_reads_a_bounded_number_of_rows_in_every_order(self) -> None:
        if not ON_SQLITE:
            self.skipTest("PostgreSQL has an index of the parts of names")
        for listed, sort in ((each, sort) for each in (KEYS, EDGES, GROUPS) for sort in each.table.sorts()):
            for query in ("q=0007", "q=0007&enabled=yes" if listed is KEYS else "q=none"):
                state = listed.state(QueryDict(f"{query}&sort={sort}"))

                def page(listed: List = listed, state: ListState = state) -> None:
                    rows, order = listed.rows(), listed.order(state)
                    chosen = listed.filters(state, rows).chosen
                    capped_count(chosen)
                    list(read_in_order(rows, chosen, Q(), order, state.descending, 0, 26).values_list("pk"))

                with self.subTest(query=state.query), patch("portal.lists.counting.COUNTED", READ):
                    self.assertLess(steps(page), BOUND)
        self.assertLess(steps(lambda: audit_search.condition("none", NameSearch("none"))), BOUND)

    def test_the_page_names_what_was_searched_and_leads_to_all_names(self) -> None:
        for listed, noun in ((KEYS, "keys"), (EDGES, "edges"), (GROUPS, "groups")):
            with self.subTest(list=noun):
                page = self.get(listed, q="79")
                shown = self.found(listed, q="79")
                if not ON_SQLITE:
                    self.assertEqual((len(shown), "searched" in texts(page, "#count")[0]), (18, False))
                    continue
                self.assertEqual(shown, [])
                self.assertIn(f"first {READ} names searched", texts(page, "#count")[0])
                self.assertEqual(texts(page, "#rows h2"), [f"No {noun} match in the first {READ} names"])
                (link,) = links(page, "#rows .actions-line a:first-child")
                self.assertEqual(len(texts(self.client.get(reverse(listed.address) + link), "tr.row")), 18)
                # Beside rows the same link is above them.
                self.assertIn("n0007", self.found(listed, q="07"))
                (link,) = (each for each in links(self.get(listed, q="07"), "#chips > a") if "names=all" in each)
                everything = self.client.get(reverse(listed.address) + link)
                self.assertNotIn("searched", texts(everything, "#count")[0])
                self.assertEqual(texts(everything, "#chips bdi"), ["Search: 07", "Names searched: All"])

    def test_the_names_are_read_once_for_the_count_and_the_page(self) -> None:
        if not ON_SQLITE:
            self.skipTest("PostgreSQL has an index of the parts of names")
        for listed, sort in ((KEYS, "name"), (KEYS, "-uses"), (EDGES, "-enrolled"), (GROUPS, "location")):
            with self.subTest(list=listed.nouns, sort=sort):
                with CaptureQueriesContext(connection) as captured:
                    page = self.get(listed, q="001", sort=sort, per_page="10", page="2")
                self.assertEqual(sum(" LIKE " in each["sql"] for each in captured), 1)
                with patch("portal.lists.list_filters.LISTED", 0):
                    again = self.get(listed, q="001", sort=sort, per_page="10", page="2")
                self.assertEqual(texts(page, "tr.row"), texts(again, "tr.row"))
                self.assertEqual(texts(page, "#count"), texts(again, "#count"))

    def test_a_whole_name_is_found_wherever_it_is(self) -> None:
        for listed in (KEYS, EDGES, GROUPS):
            self.assertEqual(self.found(listed, q="N0799"), ["n0799"])

    def test_names_that_equal_the_last_one_that_is_read_are_read_too(self) -> None:
        """The names of edges may be equal: the first 20 are then n0001 to n0019, and one of fifty."""
        ServiceEdge.objects.filter(name__range=("n0020", "n0069")).update(name="n0020 twin", sort_name="n0020 twin")
        self.assertEqual(len(self.found(EDGES, q="twin")), 50)
        found = self.client.get("/admin/enrollment/serviceedge/", {"q": "twin"}).context["cl"].result_list
        self.assertEqual(len(found), 50)
        self.assertEqual(self.found(EDGES, q="0070"), [] if ON_SQLITE else ["n0070"])

    def test_few_rows_of_other_filters_are_all_searched(self) -> None:
        last = str(ServiceEdgeGroup.objects.get(name="n0000 last").pk)
        page = self.get(KEYS, q="79", group=last)
        self.assertEqual(self.found(KEYS, q="79", group=last), ["n0797", "n0798", "n0799"])
        self.assertNotIn("searched", texts(page, "#count")[0])
        with patch("portal.lists.counting.COUNTED", 2), patch("portal.lists.segments.COUNTED", 2):
            page = self.get(KEYS, q="79", group=last)
        self.assertEqual("searched" in texts(page, "#count")[0], ON_SQLITE)

    def test_an_identifier_is_no_search_of_names(self) -> None:
        self.assertNotIn("searched", texts(self.get(KEYS, q=f"{5:032x}"), "#count")[0])
        self.assertEqual(self.found(KEYS, q=f"{799:032x}"), ["n0799"])

    def test_short_lists_and_lists_without_a_search_know_nothing_of_it(self) -> None:
        with patch.object(list_filters, "MOST", ALL * 2):
            self.assertEqual(len(self.found(KEYS, q="79")), 18)
        for query in ({}, {"names": "all"}, {"enabled": "yes"}, {"names": "x", "enabled": "yes"}):
            page = self.get(KEYS, **query)
            self.assertEqual(page.status_code, 200)
            self.assertNotIn("searched", texts(page, "#count")[0])
            self.assertFalse(parsed(page).select("#error-summary"))
            self.assertNotIn("names=", str(links(page, "#list-tools a")))

    def test_a_download_and_an_action_on_all_that_match_leave_nothing_out(self) -> None:
        text = b"".join(self.get(KEYS, q="79", format="csv").streaming_content).decode()  # type: ignore[attr-defined]
        self.assertEqual(len(text.splitlines()), 19)
        query = {"do": "disable", "all": "on", "where": "q=79"}
        page = self.client.get(reverse("list-bulk", args=["keys"]), query)
        self.assertEqual(texts(page, "h1"), ["Disable 18 keys?"])

    def test_selecting_all_waits_until_all_names_are_searched(self) -> None:
        box = "#bulk-form input[name=all]"
        with patch("portal.lists.state.PER_PAGE", (5, 100)):
            page, everything = self.get(KEYS, q="00"), self.get(KEYS, q="00", names="all")
        self.assertEqual(len(parsed(page).select(box)), 0 if ON_SQLITE else 1)
        self.assertEqual(len(parsed(everything).select(box)), 1)
        if ON_SQLITE:
            self.assertIn("To select all, search all names first", texts(page, "#bulk-form")[0])

    def test_a_view_keeps_that_all_names_are_searched(self) -> None:
        (where,) = parsed(self.get(KEYS, q="79", names="all")).select("input[name=where][form=view-form]")
        self.client.post(reverse("list-views", args=["keys"]), {"name": "Mine", "where": where["value"]})
        self.assertEqual(len(texts(self.get(KEYS, view="mine"), "tr.row")), 18)

    def test_the_audit_log_finds_resources_among_the_names_that_are_read(self) -> None:
        key = ProvisioningKey.objects.get(name="n0799")
        self.client.post(f"/service-edge-keys/{key.pk}/reveal/", {"for": "show"})
        searches = ({"q": "N0799"}, 1), ({"q": "799"}, 0 if ON_SQLITE else 1), ({"q": "799", "names": "all"}, 1)
        for query, rows in searches:
            page = self.get(EVENTS, **query)
            self.assertEqual(len(texts(page, "tr.row")), rows, query)
            self.assertEqual("searched" in texts(page, "#count")[0], ON_SQLITE and "names" not in query)

    def test_suggestions_begin_with_the_text_or_are_among_the_names_that_are_read(self) -> None:
        for found in (choices.keys_containing("n079"), choices.groups_containing("n079")):
            self.assertEqual([each.name for each in found], [f"n079{digit}" for digit in range(10)])
        self.assertEqual([each.name for each in choices.keys_containing("0007")], ["n0007"])

    def test_the_wizard_says_that_it_did_not_search_all_names(self) -> None:
        for query, rows in (("79", 0 if ON_SQLITE else 18), ("n079", 10)):
            page = self.client.get(reverse("enrollment:edge-add-choose-key"), {"q": query})
            self.assertEqual(len(texts(page, "#id_key li")), rows)
            said = str(texts(page, "#count, #rows"))
            self.assertEqual((f"first {READ} names" in said, "No key" in said and rows == 10), (ON_SQLITE, False))

    def test_the_support_pages_name_what_they_searched(self) -> None:
        for model, rows in (
            ("keys/provisioningkey", 18),
            ("keys/serviceedgegroup", 18),
            ("enrollment/serviceedge", 18),
        ):
            page = self.client.get(f"/admin/{model}/", {"q": "79"})
            self.assertEqual(len(texts(page, "#result_list tbody tr")), 0 if ON_SQLITE else rows, model)
            self.assertEqual("names were searched" in str(texts(page, "#container")), ON_SQLITE)
            self.assertEqual(
                len(texts(self.client.get(f"/admin/{model}/", {"q": "n0799"}), "#result_list tbody tr")), 1
            )
