"""Counts of segments: exact for short lists, for a few seconds those of long ones, and never a query more."""

from __future__ import annotations

from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.lists import segments
from portal.lists.counting import COUNTED
from tests.factories import make_key
from tests.keys.pages.base import LIST, KeyPageTestCase, use_up
from tests.support.html import texts


class Segments(KeyPageTestCase):
    def shown(self, query: str = "") -> list[str]:
        return texts(self.client.get(LIST + query), ".segments a")

    def queries(self, query: str = "") -> int:
        with CaptureQueriesContext(connection) as captured:
            self.client.get(LIST + query)
        return len(captured)

    def test_a_short_list_is_counted_each_time(self) -> None:
        self.assertEqual(self.shown(), ["All 1", "Nearly used up 0", "At limit 0", "Never used 1"])
        use_up(self.key)
        self.assertEqual(self.shown(), ["All 1", "Nearly used up 0", "At limit 1", "Never used 0"])

    def test_a_long_list_is_counted_once_in_a_few_seconds_without_another_query(self) -> None:
        with patch.object(segments, "SHORT", 0), patch.object(segments, "monotonic") as clock:
            self.addCleanup(segments._known.clear)
            clock.return_value = 100.0
            counting, before = self.queries(), self.shown()
            use_up(self.key)
            make_key("Second")
            clock.return_value += segments.SECONDS - 1
            self.assertEqual(self.shown(), ["All 2", *before[1:]])
            self.assertEqual(self.queries(), counting)
            clock.return_value += 1
            self.assertEqual(self.shown(), ["All 2", "Nearly used up 0", "At limit 1", "Never used 1"])

    def test_a_segment_is_counted_once_for_its_link_and_its_rows(self) -> None:
        def counts() -> tuple[int, list[str]]:
            with CaptureQueriesContext(connection) as captured:
                page = self.client.get(f"{LIST}?usage=unused")
            counting = [each["sql"] for each in captured if each["sql"].startswith("SELECT (SELECT COUNT(*)")]
            return sum(each.count("COUNT(*)") for each in counting), texts(page, ".count")

        self.client.get(LIST)  # counts what the menu shows
        for number in (2, 3):
            make_key(f"More {number}")
        with patch.object(segments, "SHORT", 2):
            self.addCleanup(segments._known.clear)
            # All keys and three segments, then all keys.
            self.assertEqual(counts(), (4, ["3 of 3 keys"]))
            self.assertEqual(counts(), (1, ["3 of 3 keys"]))
        with patch.object(segments, "SHORT", 3):
            # What is known of few rows is not shown as their number.
            self.assertEqual(counts(), (2, ["3 of 3 keys"]))

    def test_what_is_known_of_a_segment_never_contradicts_its_rows(self) -> None:
        second, _ = make_key("Second")
        with patch.object(segments, "SHORT", 0):
            self.addCleanup(segments._known.clear)
            self.assertEqual(texts(self.client.get(f"{LIST}?usage=unused"), ".count"), ["2 of 2 keys"])
            second.delete()
            page = self.client.get(f"{LIST}?usage=unused")
            self.assertEqual(texts(page, ".segments a, .count")[-2:], ["Never used 1", "1 of 1 key"])
            use_up(self.key)
            page = self.client.get(f"{LIST}?usage=unused")
            self.assertEqual(texts(page, ".segments a, .count")[-3:], ["At limit 1", "Never used 0", "0 of 1 key"])

    def test_counts_stop_at_ten_thousand(self) -> None:
        with patch.object(segments, "capped_counts", return_value=[COUNTED + 1, 3, 3, COUNTED + 1]):
            self.addCleanup(segments._known.clear)
            self.assertEqual(self.shown(), ["All 10,000+", "Nearly used up 3", "At limit 3", "Never used 10,000+"])
