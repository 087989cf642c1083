"""Every list page of the portal: a part that was forgotten fails here, whatever the list."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, parse_qsl

import pytest
import time_machine
from django.conf import settings
from django.http import QueryDict
from django.template.loader import get_template
from django.test import RequestFactory, override_settings
from django.test.utils import override_script_prefix
from django.urls import get_resolver, get_script_prefix, reverse

from enrollment.operations import enroll
from keys.models import ServiceEdgeGroup
from keys.pages.key_list import KEYS
from portal.lists import listing
from portal.lists.exporting import chunks
from portal.lists.filters import AllNames, Choice, ListFilter, Related
from portal.lists.listing import LISTS, List
from portal.lists.paging import Page
from portal.models import AuditEvent
from tests.enrollment.base import EnrollmentTestCase
from tests.factories import EDGE, make_csr, make_key
from tests.support import html
from tests.support.html import links, parsed, parts, texts

# Imports every view, and with them every list.
get_resolver().url_patterns  # noqa: B018
# So few that their orders need no index.
FEW = {"certificate"}
# Orders that the database sorts, by the noun of the list; there are hardly ever more than thousands of groups.
SORTED = {("group", "update")}


def indexed(listed: List) -> set[tuple[str, ...]]:
    """The columns of each unique constraint of the model, and those that each index begins with, the id as `pk`."""
    model = listed.rows().model._meta
    unique = [constraint.fields for constraint in model.constraints if hasattr(constraint, "fields")]
    return {("pk",), *map(tuple, unique), *(tuple(index.fields[:2]) for index in model.indexes)}


def filters_of(listed: List) -> list[tuple[str, ListFilter]]:
    """The filters under *Filter* and the search; `AllNames` means something beside a search only."""
    return [pair for pair in listed.filters.base_filters.items() if not isinstance(pair[1], AllNames)]


class ListTestCase(EnrollmentTestCase):
    """One key, one edge and the certificates of the vendor, so that each list shows a row."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        enroll(cls.text, make_csr(), caller=EDGE)

    def setUp(self) -> None:
        super().setUp()
        self.sign_in("sue")

    def get(self, listed: List, **query: Any) -> Any:
        return self.client.get(reverse(listed.address), query)


class EveryList(ListTestCase):
    def test_each_has_its_own_noun_and_address(self) -> None:
        for word in ("noun", "address"):
            self.assertEqual(len({getattr(listed, word) for listed in LISTS}), len(LISTS))

    def test_its_templates_exist(self) -> None:
        for listed in LISTS:
            get_template(listed.row_template)
            for name, each in listed.filters.base_filters.items():
                with self.subTest(list=listed.name, filter=name):
                    get_template(each.field.control)

    def test_each_order_has_an_index_with_the_id_behind(self) -> None:
        for listed in LISTS:
            if listed.noun in FEW:
                continue
            for name, order in listed.table.orders().items():
                if (listed.noun, name) in SORTED:
                    continue
                relation = order.field.split("__")[0]
                wanted = (relation,) if order.unique else (relation, "id")
                with self.subTest(list=listed.name, order=name):
                    self.assertIn(wanted, indexed(listed))

    def test_the_default_order_is_one(self) -> None:
        for listed in LISTS:
            self.assertIn(listed.default_sort, listed.table.sorts())

    def test_f10_f53_heads_cells_and_the_count_are_announced(self) -> None:
        """What axe does not look for: a head for each cell and each row, the page in the menu, the number of rows."""
        for listed in LISTS:
            with self.subTest(list=listed.name):
                page = parsed(self.get(listed))
                rows = page.select("tr.row")
                self.assertTrue(rows)
                for row in rows:
                    self.assertEqual(len(row.select("td, th")), len(page.select("thead th[scope=col]")))
                    self.assertEqual(len(row.select("th[scope=row]")), 1)
                current = page.select("nav[aria-label=Main] [aria-current=page]")
                self.assertEqual([each["href"] for each in current], [reverse(listed.address)])
                (count,) = page.select("#count[role=status]")
                self.assertRegex(html.words(count), rf"^\d+ {listed.noun}")

    def test_a_column_of_buttons_is_for_who_has_one(self) -> None:
        for who in ("tom", "sue"):
            self.sign_in(who)
            for listed in LISTS:
                with self.subTest(who, list=listed.name):
                    page = parsed(self.get(listed))
                    cells = page.select("thead th.actions, tr.row td.actions")
                    self.assertEqual(bool(cells), who == "sue" and bool(listed.row_permissions))
                    self.assertEqual(
                        {len(row.select("td, th")) for row in page.select("tr.row")},
                        {int(each["colspan"]) for each in page.select("tr.details td[colspan]")},
                    )

    @pytest.mark.once
    def test_f30_each_bulk_action_asks_before_it_is_done(self) -> None:
        for listed in LISTS:
            (box, *_) = parsed(self.get(listed)).select("input[name=row]:not([disabled])") or [None]
            self.assertEqual(
                box is not None, bool(listed.bulk), f"{listed.name}: rows without a box, or without actions"
            )
            for action in listed.bulk:
                with self.subTest(list=listed.name, action=action.word):
                    query = {"do": action.word, "row": box["value"]}
                    page = parsed(self.client.get(reverse("list-bulk", args=[listed.nouns]), query))
                    self.assertEqual(page.select("h1")[0].get_text(), f"{action.ask} 1 {listed.noun}?")
                    self.assertEqual(len(page.select(".bulk-rows a")), 1)
                    self.assertTrue(page.select(".consequences li"))

    @pytest.mark.once
    def test_f31_a_view_of_each_is_saved_and_shown(self) -> None:
        for listed in LISTS:
            with self.subTest(list=listed.name):
                (where,) = parsed(self.get(listed, q="e")).select("input[name=where][form=view-form]")
                self.client.post(reverse("list-views", args=[listed.nouns]), {"name": "Mine", "where": where["value"]})
                page = self.get(listed, view="mine")
                self.assertEqual(texts(page, "#views li a[aria-current]"), ["Mine"])
                self.assertEqual(texts(page, ".chip bdi"), ["Search: e"])

    # Heads and cells are printed alike on both databases.
    @pytest.mark.once
    def test_f32_head_and_cells_of_each_hidden_column_are_gone(self) -> None:
        for listed in LISTS:
            columns = listed.table.hideable()
            self.assertTrue(columns, listed.name)
            for hidden, label in columns.items():
                with self.subTest(list=listed.name, column=hidden):
                    page = parsed(self.get(listed, cols=",".join({*columns} - {hidden})))
                    heads = page.select("thead th")
                    self.assertNotIn(label, [html.words(head) for head in heads])
                    self.assertEqual({len(row.select("td, th")) for row in page.select("tr.row")}, {len(heads)})
                    self.assertEqual({row["colspan"] for row in page.select("tr.details > td")}, {str(len(heads))})
                    boxes = {box["value"]: box.has_attr("checked") for box in page.select("input[name=column]")}
                    self.assertEqual(boxes, {name: name != hidden for name in columns})

    def test_f42_each_is_a_csv_of_all_its_columns_without_key_texts(self) -> None:
        for listed in LISTS:
            columns = [str(column.verbose_name) for column in listed.table.base_columns.values()]
            with self.subTest(list=listed.name):
                (link,) = links(self.get(listed), "a[aria-label='Export CSV']")
                answer = self.client.get(reverse(listed.address) + link)
                text = b"".join(answer.streaming_content).decode("utf-8-sig")
                head, *rows = csv.reader(io.StringIO(text, newline=""))
                self.assertEqual(head, [name for name in columns if name != "Provisioning Key"])
                self.assertEqual(len(rows), listed.rows().count())
                self.assertEqual({len(row) for row in rows}, {len(head)})
                self.assertNotIn(self.text.rpartition("|")[2], text)
                self.assertNotIn(self.text[-12:], text)
                self.assertEqual(AuditEvent.objects.latest("pk").object_id, listed.nouns)

    def test_f42_the_rows_of_a_csv_are_those_of_the_page_in_each_order(self) -> None:
        for name in ("a", "b", "c"):
            make_key(name, max_uses=2)
            self.enroll(self.text)
        for listed in LISTS:
            for sort in listed.table.sorts():
                state = listed.state(QueryDict(f"sort={sort}&per_page=100"))
                shown = [row.id for row in listed.open(RequestFactory().get(state.link)).page.rows]
                with self.subTest(list=listed.name, sort=sort), patch("portal.lists.exporting.CHUNK", 2):
                    rows = listed.rows()
                    found = chunks(listed, rows, rows, listed.order(state), descending=state.descending)
                    self.assertEqual([row.id for chunk in found for row in chunk], shown)

    def test_f44_without_rows_a_page_explains_what_they_are_and_without_a_match_leads_back(self) -> None:
        for listed in LISTS:
            with self.subTest(list=listed.name, q="nothing"):
                page = self.get(listed, q="nothing has this name")
                self.assertEqual(texts(page, ".empty h2"), [f"No {listed.nouns} match these filters"])
                self.assertEqual(texts(page, ".empty .button"), ["Clear all filters"])
                deleted = [] if listed.nouns == "events" else ["/audit-log/?q=nothing%20has%20this%20name"]
                self.assertEqual([link.rstrip("?") for link in links(page, ".empty a")], [*deleted, ""])
            rows = listed.rows
            with self.subTest(list=listed.name), patch.dict(vars(listed), rows=lambda rows=rows: rows().filter(pk=-1)):
                page = self.get(listed)
                self.assertEqual(len(texts(page, ".card.empty h2")), 1)
                self.assertTrue(texts(page, ".card.empty p"))

    # PostgreSQL reads each order in the next test.
    @pytest.mark.once
    def test_f09_each_order_shows_the_page_and_says_so(self) -> None:
        for listed in LISTS:
            for sort, words in listed.table.sorts().items():
                with self.subTest(list=listed.name, sort=sort):
                    page = self.get(listed, sort=sort)
                    self.assertEqual(page.status_code, 200)
                    (button,) = parts(page, "button").select(".sort-button")
                    self.assertEqual(button["aria-label"], f"Sort: {words}")
                    marked = [str(head["aria-sort"]) for head in parts(page, "th").select("[aria-sort]")]
                    column = listed.table.base_columns[sort.removeprefix("-")]
                    # An order of a column that is in downloads only has no head.
                    way = "descending" if sort.startswith("-") else "ascending"
                    self.assertEqual(marked, [way] if column.visible else [])

    def test_next_and_previous_lead_through_all_rows_of_each_order(self) -> None:
        for name in ("a", "b", "c"):
            make_key(name)
            self.enroll(self.text)

        def page_at(listed: List, address: str) -> Page:
            return listed.open(RequestFactory().get(address)).page

        for listed in LISTS:
            for sort in listed.table.sorts():
                with self.subTest(list=listed.name, sort=sort), patch("portal.lists.state.PER_PAGE", (1, 100)):
                    whole = [row.id for row in page_at(listed, f"?sort={sort}&per_page=100").rows]
                    self.assertGreater(len(whole), 2)
                    forward = [page_at(listed, f"?sort={sort}")]
                    while forward[-1].has_next:
                        forward.append(page_at(listed, forward[-1].next_link))
                    backward = [forward[-1]]
                    while backward[-1].has_previous:
                        backward.append(page_at(listed, backward[-1].previous_link))
                    self.assertEqual([page.rows[0].id for page in forward], whole)
                    self.assertEqual([page.rows[0].id for page in reversed(backward)], whole)

    def test_pages_reached_by_next_say_which_rows_they_show(self) -> None:
        for number in range(60):
            make_key(f"Row {number:02}")
        page = self.client.get(reverse("keys:key-list"))
        for first, last in ((26, 50), (51, 61)):
            (following,) = links(page, "a[rel=next]")
            page = self.client.get(reverse("keys:key-list") + following)
            self.assertEqual(texts(page, ".pager > p"), [f"Showing {first}\N{EN DASH}{last} of 61"])
        (back,) = links(page, "a[rel=prev]")
        page = self.client.get(reverse("keys:key-list") + back)
        self.assertEqual(texts(page, ".pager > p"), ["Showing 26\N{EN DASH}50 of 61"])

    # A list with a mistake in its filters finds nothing, whatever the database.
    @pytest.mark.once
    def test_each_filter_has_a_labelled_field_and_explains_what_it_does_not_know(self) -> None:
        for listed in LISTS:
            for name, each in filters_of(listed):
                with self.subTest(list=listed.name, filter=name):
                    self.assertTrue(each.label)
                    page = self.get(listed, **{name: "x" * 201})
                    self.assertEqual(page.status_code, 200)
                    (mistake,) = parsed(page).select("#error-summary a")
                    self.assertEqual(mistake["href"], f"#id_{name}")
                    self.assertEqual(len(parsed(page).select(f"#id_{name}")), 1)
                    self.assertEqual(page.context["list"].page.rows, [])

    def test_each_value_of_a_select_filters_and_is_a_chip_in_words(self) -> None:
        for listed in LISTS:
            for name, each in filters_of(listed):
                if not isinstance(each, Choice):
                    continue
                for value, words in each.field.choices:
                    with self.subTest(list=listed.name, filter=name, value=value):
                        page = self.get(listed, **{name: value})
                        (chip,) = parts(page, "li").select(".chip")
                        self.assertEqual([bdi.get_text() for bdi in chip.select("bdi")], [f"{each.label}: {words}"])
                        self.assertNotContains(page, "error-summary")
                        self.assertNotIn(f"{name}={value}", chip.select("a")[0]["href"])

    def test_each_record_that_a_filter_offers_may_be_named(self) -> None:
        for listed in LISTS:
            for name, each in listed.filters.base_filters.items():
                if not isinstance(each, Related):
                    continue
                offered = list(self.get(listed).context["list"].filters.offered[name])
                self.assertTrue(offered, f"{listed.noun}: {name} offers nothing here")
                for offer in offered:
                    for text in (str(offer.id), offer.name):
                        with self.subTest(list=listed.name, filter=name, text=text):
                            page = self.get(listed, **{name: text})
                            chips = parts(page, "li").select(".chip bdi")
                            self.assertEqual([bdi.get_text() for bdi in chips], [f"{each.label}: {offer.name}"])
                            self.assertNotContains(page, "error-summary")


# What is kept in memory between requests is the same whatever was read.
@pytest.mark.once
class PartsThatRequestsShare(ListTestCase):
    """Filter form, sort menu, heads and page sizes are rendered once for all requests that show the same."""

    def shown(self, listed: List, query: str = "") -> str:
        path = "/" + reverse(listed.address).removeprefix(get_script_prefix())
        page = parsed(self.client.get(path + query))
        return "".join(
            str(each)
            for each in page.select(
                "#filters, #filter-menu, #segments, #list-tools, thead, .sort-button, #sort-menu, .sizes"
            )
        )

    def page(self, listed: List, query: str) -> str:
        """The whole text, without the tokens that differ each time."""
        text = self.get(listed, **dict(parse_qsl(query, keep_blank_values=True))).content.decode()
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)

    def test_they_depend_on_the_address(self) -> None:
        # Pages say how many seconds of the session are left.
        self.enterContext(time_machine.travel(datetime.now(UTC), tick=False))
        for listed in LISTS:
            self.page(listed, "")
            choices = [name for name, each in listed.filters.base_filters.items() if isinstance(each, Choice)]
            values = [(name, value) for name in choices for value, _ in listed.filters.base_filters[name].choices]
            chosen = [f"{name}={value}" for name, value in values[:4]]
            turned = next(sort for sort in listed.table.sorts() if sort != listed.default_sort)
            for query in (
                f"sort={turned}",
                "per_page=50",
                "expand=all",
                "q=e",
                "cols=",
                *chosen,
                f"{choices[0]}=nothing",
            ):
                with self.subTest(list=listed.name, query=query):
                    of_another = {**listing._parts}
                    after_another = self.page(listed, query)
                    self.assertNotEqual(listing._parts, of_another)
                    listing._parts.clear()
                    self.assertEqual(after_another, self.page(listed, query))

    def test_they_depend_on_the_zone_of_days(self) -> None:
        self.assertIn("(UTC)", self.shown(KEYS))
        self.client.cookies[settings.ZONE_COOKIE_NAME] = "Asia/Kolkata"
        self.assertIn("(Asia/Kolkata)", self.shown(KEYS))

    def test_they_depend_on_what_the_filters_offer(self) -> None:
        self.shown(KEYS)
        ServiceEdgeGroup.objects.create(name="Another group")
        self.assertIn("Another group", self.shown(KEYS))
        with override_settings(VENDOR_NAME="Example & Sons"):
            self.assertIn("Example &amp; Sons", self.shown(KEYS))

    def test_they_depend_on_the_script_prefix(self) -> None:
        self.assertNotIn("/elsewhere/", self.shown(KEYS))
        with override_script_prefix("/elsewhere/"):
            self.assertIn('"/elsewhere/service-edge-keys/groups/"', self.shown(KEYS))

    def test_what_is_typed_into_a_filter_is_not_kept(self) -> None:
        listing._parts.clear()
        for name, _ in filters_of(KEYS):
            self.assertIn("typed", self.shown(KEYS, f"?{name}=typed"))
        self.assertIn("lists/_sort_menu.html", str(listing._parts))
        self.assertNotIn("typed", str(listing._parts))

    def test_their_links_have_the_filters_of_the_address(self) -> None:
        for typed in ("one", "\"<é>&q=1 ' %00=", "two"):
            page = self.get(KEYS, q=typed, usage="full", group=str(self.key.group_id), sort="-uses")
            for link in (*links(page, "#sort-menu a"), *links(page, "#list-tools a")):
                each = parse_qs(link[1:])
                self.assertEqual((each["q"], each["usage"], "group" in each), ([typed], ["full"], True))
            segments = [parse_qs(link[1:]) for link in links(page, "#segments a")]
            self.assertEqual([each.get("usage") for each in segments], [None, ["high"], ["full"], ["unused"]])
            self.assertEqual([(each["q"], "group" in each) for each in segments], [([typed], True)] * 4)
            self.assertEqual(
                [text.split(" ")[:2] for text in texts(page, "#segments a[aria-current]")], [["At", "limit"]]
            )
        for name in (self.key.name, self.key.name[1:]):
            page = self.get(KEYS, q=name)
            found = [*links(page, "thead a"), *links(page, ".sizes a")]
            self.assertEqual([parse_qs(link[1:])["q"] for link in found], [[name]] * 7)

    def test_they_are_bounded(self) -> None:
        listing._parts.clear()
        with patch.object(listing, "_MOST_PARTS", 3):
            for sort in KEYS.table.sorts():
                self.shown(KEYS, f"?sort={sort}")
                self.assertLessEqual(len(listing._parts), 3)
