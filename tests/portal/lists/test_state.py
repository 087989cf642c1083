"""The query string of a list page: read without failing, written without what is the default."""

from __future__ import annotations

from unittest import TestCase

from django.http import QueryDict

from portal.lists.state import ListState, read

SORTABLE = ("name", "uses")


def state(query: str = "", **options: object) -> ListState:
    return read(QueryDict(query), sortable=SORTABLE, default_sort="name", **options)


class Reading(TestCase):
    def test_open_rows_may_be_written_with_commas(self):
        self.assertEqual(state("expand=3,12,x,&expand=5").expand, {3, 5, 12})

    def test_defaults_need_no_query(self):
        self.assertEqual(state().link, "?")
        self.assertEqual(state("sort=name&per_page=25&page=1&after=&expand=").link, "?")

    def test_a_state_reads_back_from_its_link(self):
        for query in (
            "sort=-uses&per_page=100&page=3",
            "page=2&after=abc",
            "expand=all&collapse=7",
            "expand=3&expand=12",
        ):
            self.assertEqual(state(query).link, f"?{query}")
            self.assertEqual(state(state(query).link[1:]), state(query))

    def test_the_first_sort_that_exists_is_taken(self):
        self.assertEqual(state("sort=secret&sort=-uses&sort=name").sort, "-uses")
        self.assertEqual(state("sort=--uses").sort, "name")

    def test_at_most_a_hundred_rows_are_opened_by_id(self):
        self.assertEqual(len(state("&".join(f"expand={number}" for number in range(1, 150))).expand), 100)


class Links(TestCase):
    def test_sorting_starts_over_and_keeps_the_size_and_the_filters(self):
        filtered = state("q=lab&sort=uses&page=4&after=abc&per_page=50&expand=9", filters=("q",))
        self.assertEqual(filtered.sorted_by("-uses").link, "?q=lab&sort=-uses&per_page=50")

    def test_all_open_comes_along_and_single_rows_stay_behind(self):
        self.assertEqual(state("expand=all").at(2).link, "?page=2&expand=all")
        self.assertEqual(state("expand=5").at(2).link, "?page=2")

    def test_empty_filters_are_absent(self):
        self.assertEqual(state("q=&usage=full", filters=("q", "usage")).filters, (("usage", "full"),))

    def test_opening_all_forgets_single_rows(self):
        self.assertEqual(state("expand=5&page=2").opened(everything=True).link, "?page=2&expand=all")
        self.assertEqual(state("expand=all&collapse=5").opened(everything=False).link, "?")
