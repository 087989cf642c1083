"""Across modules: the filters of the keys page: what they find, how they are shown, and what a bad value gets.

portal/lists has the mechanism, key_list.py and common_filters.py the filters.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations
from urllib.parse import parse_qsl, urlencode

from django.contrib.auth.models import User
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from keys.models import KeyState, ProvisioningKey
from keys.pages.key_list import KEYS, KeyFilters
from portal import triggers
from tests.base import PortalTestCase
from tests.factories import make_group, make_key, signing_certificate
from tests.keys.pages.base import LIST, managed_key, names, use_up
from tests.support.html import links, parsed, texts, the, words

QUERIES_OF_SIGN_IN = 4


def chips(response):
    return texts(response, "li.chip bdi")


def count(response):
    return words(the(response, "p.count[role=status]"))


class Filters(PortalTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.london, cls.rome = make_group("London"), make_group("Rome")
        for name, uses in (("Alpha lab", 0), ("Beta lab", 3), ("Gamma", 8), ("Delta", 10)):
            use_up(make_key(name, max_uses=10, group=cls.london)[0], uses)
        make_key("Hidden", viewable=False, group=cls.rome)
        make_key("Resting", enabled=False, group=cls.rome)
        managed_key("Vendor key")
        cls.all = sorted(ProvisioningKey.objects.values_list("name", flat=True))

    def setUp(self):
        self.sign_in("olga")

    def get(self, **filters):
        return self.client.get(f"{LIST}?{urlencode(filters, doseq=True)}")

    def found(self, **filters):
        return sorted(names(self.get(**filters)))

    def test_f05_without_filters_all_keys_are_there_and_no_chip(self):
        page = self.client.get(LIST)
        self.assertEqual(sorted(names(page)), self.all)
        self.assertEqual((chips(page), count(page)), ([], "7 keys"))
        self.assertNotContains(page, "selected")

    def test_a_part_of_a_name_is_told_which_groups_have_it(self):
        make_group("London -2-")
        page = self.get(group="LOND")
        self.assertContains(
            page, "“Group” has a value that does not exist: “LOND”. Names that hold “LOND”: London, London -2-."
        )
        self.assertEqual(names(page), [])
        self.assertNotContains(self.get(group="nowhere"), "Names that hold")

    def test_f08_of_several_values_only_the_bad_ones_are_named_and_marked(self):
        page = self.get(group=["London", "nowhere", "x" * 99])
        fields = parsed(page).select("input[name=group][form=filters]")
        marked = [each.get("value") for each in fields if each.get("aria-invalid")]
        self.assertEqual(marked, ["nowhere", "x" * 99])
        self.assertContains(page, f"“Group” has values that do not exist: “nowhere”, “{'x' * 59}…”.")

    def test_each_filter_narrows(self):
        service_edge = signing_certificate("Service Edge").pk
        cases = [
            ({"q": "LAB"}, ["Alpha lab", "Beta lab"]),
            ({"q": "lp"}, ["Alpha lab"]),
            ({"q": "%"}, []),
            ({"q": "_"}, []),
            ({"q": '"lab"'}, []),
            ({"usage": "unused", "group": "London"}, ["Alpha lab"]),
            ({"usage": "free"}, ["Alpha lab", "Beta lab", "Gamma", "Hidden", "Resting", "Vendor key"]),
            ({"usage": "high"}, ["Gamma"]),
            ({"usage": "full"}, ["Delta"]),
            ({"group": "rome"}, ["Hidden", "Resting"]),
            ({"group": self.rome.pk}, ["Hidden", "Resting"]),
            ({"group": ["Rome", str(self.london.pk)], "q": "a"}, ["Alpha lab", "Beta lab", "Delta", "Gamma"]),
            ({"cert": service_edge}, self.all),
            ({"cert": signing_certificate("Root").pk}, []),
            ({"visible": "no"}, ["Hidden"]),
            ({"managed": "vendor"}, ["Vendor key"]),
            ({"managed": "you", "visible": "yes", "enabled": "no"}, ["Resting"]),
            ({"created_after": datetime.now(UTC).date()}, self.all),
            ({"created_before": "2001-01-01"}, []),
            ({"created_after": "9999-12-31"}, []),
            ({"created_before": "9999-12-31"}, self.all),
        ]
        for filters, expected in cases:
            with self.subTest(filters=filters):
                self.assertEqual(self.found(**filters), expected)

    def test_a_number_is_an_id_before_it_is_a_name(self):
        other = make_group(str(self.rome.pk))
        make_key("Numbered", group=other)
        self.assertEqual(self.found(group=self.rome.pk), ["Hidden", "Resting"])

    def test_dates_hold_the_whole_day(self):
        # The trigger fixes the moment of making, so it is lifted for this one.
        triggers.drop_all()
        key = ProvisioningKey.objects.get(name="Gamma")
        ProvisioningKey.objects.filter(pk=key.pk).update(created_at=datetime(2020, 5, 17, 23, 59, 59, 9, tzinfo=UTC))
        triggers.create_all()
        self.assertEqual(self.found(created_after="2020-05-17", created_before="2020-05-17"), ["Gamma"])
        self.assertEqual(self.found(created_before="2020-05-16"), [])
        self.assertNotIn("Gamma", self.found(created_after="2020-05-18"))

    def test_a_search_follows_renaming_and_deleting(self):
        key, _ = make_key("Northwest")
        self.assertEqual(self.found(q="thwe"), ["Northwest"])
        ProvisioningKey.objects.filter(pk=key.pk).update(name="Seaside", sort_name="seaside")
        self.assertEqual((self.found(q="thwe"), self.found(q="easi")), ([], ["Seaside"]))
        ProvisioningKey.objects.filter(pk=key.pk).delete()
        self.assertEqual(self.found(q="easi"), [])

    def test_f06_each_filter_is_a_chip_that_drops_only_itself(self):
        page = self.client.get(f"{LIST}?sort=-uses&per_page=50&page=3&q=a&usage=full&group=London&group=Rome")
        self.assertEqual(chips(page), ["Search: a", "Utilization: At limit", "Group: London", "Group: Rome"])
        removing = links(page, ".chip a[aria-label^=Remove]")
        self.assertEqual(removing[1], "?q=a&group=London&group=Rome&sort=-uses&per_page=50")
        self.assertEqual(removing[2], "?q=a&usage=full&group=Rome&sort=-uses&per_page=50")
        self.assertEqual(links(page, ".chips > a"), ["?sort=-uses&per_page=50"])

    def test_f06_what_is_empty_is_absent(self):
        page = self.client.get(f"{LIST}?q=&usage=&group=&group=&cert=&created_after=&visible=%20")
        self.assertEqual((sorted(names(page)), chips(page)), (self.all, []))

    def test_f07_filters_ride_on_every_link(self):
        page = self.client.get(f"{LIST}?group=London")
        carrying = links(page, "thead a, nav.sizes a, #sort-menu a")
        self.assertGreaterEqual(len(carrying), 4 + 3 + 10)
        for link in carrying:
            self.assertIn("group=London", link)
        for form in ("expand-form", "expand-all-form"):
            self.assertEqual(the(page, f"#{form} input[name=group]")["value"], "London")

    def test_f08_a_bad_value_is_explained_and_finds_nothing(self):
        bad = {
            "q": ["x" * 201, "a\0b"],
            "usage": ["some", "FULL"],
            "group": ["nowhere", "999999999", "9" * 400, "a\0"],
            "cert": ["0", "abc", "9" * 400, "-1", "٣"],
            "visible": ["maybe", "1"],
            "managed": ["me"],
            "enabled": ["true"],
            "created_after": ["yesterday", "2026-02-30", "0000-01-01", "2026-1-1T00:00"],
            "created_before": ["1e9"],
        }
        for name, values in bad.items():
            for value in values:
                with self.subTest(name=name, value=value[:20]):
                    page = self.get(**{name: value})
                    self.assertEqual((page.status_code, names(page)), (200, []))
                    self.assertEqual(links(page, "#error-summary a"), [f"#id_{name}"])
                    self.assertEqual(texts(page, "#error-summary p"), ["No keys are shown until this is fixed."])
                    self.assertContains(page, "<title>Error: ")
                    self.assertNotContains(page, "\0")
                    self.assertEqual((len(chips(page)), count(page)), (1, "0 of 7 keys"))

    def test_f08_one_bad_filter_beside_good_ones_still_finds_nothing(self):
        self.assertEqual(self.found(usage="full", cert="x", group="London"), [])
        self.assertEqual(self.found(group=["London", "nowhere"]), [])

    def test_a_value_that_looks_like_the_place_of_the_rows_is_only_text(self):
        self.client.force_login(User.objects.create_superuser("<!-- rows -->"))
        page = self.client.get(LIST)
        self.assertEqual(texts(page, ".user-name"), ["<!-- rows -->"])
        self.assertEqual(len(parsed(page).select("table.list > thead + tbody.record")), 1)

    def test_groups_are_suggested_by_name_and_a_name_of_digits_by_its_id(self):
        digits, _ = make_group("2024"), make_group("R-D")
        options = parsed(self.client.get(LIST)).select("#group-names option")
        offered = [(option["value"], option["label"]) for option in options]
        self.assertEqual(offered[:3], [(str(digits.pk), "2024"), ("London", "London"), ("R-D", "R-D")])

    def test_a_filter_takes_fifty_groups_and_no_more(self):
        made = [make_group(f"Many {number}").pk for number in range(51)]
        self.assertContains(self.get(group=made), "“Group” takes at most 50 values.")
        self.assertNotContains(self.get(group=made[:50]), "takes at most")

    def test_f10_the_count_says_of_how_many(self):
        self.assertEqual(count(self.get(q="lab")), "2 of 7 keys")
        self.assertEqual(count(self.get(q="zzz")), "0 of 7 keys")

    def test_f44_no_match_says_how_many_there_are_and_clears(self):
        page = self.get(q="zzz")
        self.assertContains(page, "No keys match these filters")
        self.assertIn("Remove a filter, or clear them all to see 7 keys.", texts(page, ".empty p"))
        self.assertEqual(links(page, ".empty a"), ["?"])

    def test_the_panel_of_filters_is_closed_and_marks_what_is_set(self):
        page = self.get(group=["London", "Rome"], visible="yes")
        self.assertTrue(the(page, "#filter-menu").has_attr("popover"))
        self.assertEqual(texts(page, "#filter-menu summary:has(.set)"), ["Group set", "Key visibility set"])
        self.assertEqual(parsed(page).select("#filter-menu details[open]"), [])

    def test_with_a_wrong_value_the_panel_is_part_of_the_page_with_the_wrong_filters_open(self):
        page = self.get(cert="x", visible="x", usage="full")
        self.assertFalse(the(page, "#filter-menu").has_attr("popover"))
        wrong = "#filter-menu details[open] > summary"
        self.assertEqual(texts(page, wrong), ["Signing certificate set", "Key visibility set"])

    def test_segments_are_links_with_counts_of_the_whole_list_and_keep_the_other_filters(self):
        page = self.get(q="lab", group="London", sort="-uses", page=2)
        shown = {words(each): str(each["href"]) for each in parsed(page).select(".segments a")}
        other = "?q=lab&group=London"
        self.assertEqual(
            shown,
            {
                "All 7": f"{other}&sort=-uses",
                "Nearly used up 1": f"{other}&usage=high&sort=-uses",
                "At limit 1": f"{other}&usage=full&sort=-uses",
                "Never used 4": f"{other}&usage=unused&sort=-uses",
            },
        )
        for query, current in (("", "All 7"), ("?usage=full&q=a", "At limit 1"), ("?usage=free", None)):
            now = texts(self.client.get(LIST + query), ".segments a[aria-current]")
            self.assertEqual(now, [current] if current else [])
        # The number of all keys is in the count beside the chips, which is announced.
        self.assertEqual(texts(page, ".segments a [aria-hidden]"), ["7"])

    def test_a_viewer_may_filter(self):
        self.sign_in("vic")
        self.assertEqual(self.found(usage="full"), ["Delta"])

    def test_no_filter_takes_more_than_five_queries(self):
        """F54, with the bound of the design: five at any size, beside those of sign-in and permissions."""
        for number in range(30):
            make_key(f"more lab {number:02}", group=self.rome)
        everything = f"q=lab&group=Rome&group=London&cert={signing_certificate().pk}&usage=unused&visible=yes&sort=uses"
        (following,) = links(self.client.get(f"{LIST}?{everything}"), "a[rel=next]")
        for query in (everything, f"{everything}&expand=all&cert=x", "q=ab", "", following[1:]):
            with self.subTest(query=query), CaptureQueriesContext(connection) as captured:
                self.client.get(f"{LIST}?{query}")
            self.assertLessEqual(len(captured), QUERIES_OF_SIGN_IN + 5, [each["sql"] for each in captured])
        # The list reads all that its page shows. Behind a cursor of an order that repeats it reads two ranges.
        behind = f"&after={dict(parse_qsl(following[1:]))['after']}"
        values = {
            **dict.fromkeys(KeyFilters.base_filters, "yes"),
            "q": "lab",
            "usage": "unused",
            "state": "ready",
            "group": "Rome",
            "cert": str(signing_certificate().pk),
            "managed": "you",
            "created_after": "2020-01-01",
            "created_before": "2999-01-01",
        }
        pairs = [f"{urlencode(pair)}&sort=uses{behind}" for pair in combinations(values.items(), 2)]
        for query in (*pairs, *(f"{everything}&state={state}{behind}" for state in KeyState.values)):
            with self.subTest(query=query), CaptureQueriesContext(connection) as captured:
                opened = KEYS.open(RequestFactory().get(f"{LIST}?{query}"))
            # Another page than the first, and of good values: these would take fewer.
            self.assertTrue(opened.page.state.after and opened.filters.is_valid())
            self.assertLessEqual(len(captured), 5, [each["sql"] for each in captured])
