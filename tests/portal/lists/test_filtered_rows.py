"""What is read for a page that filters leave: few rows are found first, many in the order of the page."""

from __future__ import annotations

import itertools
from unittest import skipUnless

from django.core.management import call_command
from django.db import connection
from django.db.models import Q
from django.http import QueryDict

from keys.models import ProvisioningKey, ServiceEdgeGroup, UseState
from keys.models.use_state import use_state
from keys.pages.key_list import KEYS, KeyFilters
from portal.lists.counting import COUNTED, capped_count, capped_counts
from portal.lists.list_filters import FEW
from portal.lists.paging import read_in_order
from tests.base import PortalTestCase
from tests.factories import preload

MANY = COUNTED + 1
ON_POSTGRESQL = skipUnless(connection.vendor == "postgresql", "SQLite reads one index in the order of the page")


def filters_of(query: str) -> KeyFilters:
    return KeyFilters(KEYS.state(QueryDict(query)), KEYS.rows())


class FilteredRows(PortalTestCase):
    @classmethod
    def setUpTestData(cls):
        preload()
        call_command("seed_keys", count=120, verbosity=0)
        disabled, enabled = ServiceEdgeGroup.objects.order_by("pk")[:2]
        ServiceEdgeGroup.objects.filter(pk=disabled.pk).update(enabled=False)
        cls.group = disabled.pk
        ids = [key.pk for key in ProvisioningKey.objects.order_by("pk")]
        ready = {"enabled": True, "expires_at": None, "group": enabled, "max_uses": 5_000}
        for changed, values in {
            range(50): {"group": disabled},
            range(50, 55): {**ready, "uses": 4_500},
            range(55, 60): {**ready, "uses": 5_000},
        }.items():
            ProvisioningKey.objects.filter(pk__in=[ids[each] for each in changed]).update(**values)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
            if connection.vendor == "postgresql":
                # As after VACUUM, which no transaction can do: then an index is read without the table.
                cursor.execute("UPDATE pg_class SET relallvisible = relpages WHERE relname = 'keys_provisioningkey'")

    def setUp(self):
        if connection.vendor == "postgresql":
            # The question is what the indexes make possible, not what is cheapest at this size.
            with connection.cursor() as cursor:
                for plan in ("seqscan", "bitmapscan", "sort"):
                    cursor.execute(f"SET LOCAL enable_{plan} = off")

    def plan(self, query: str, total: int) -> str:
        state, filters = KEYS.state(QueryDict(query)), filters_of(query)
        found = filters.for_page(total, KEYS.order(state), MANY)
        return read_in_order(KEYS.rows(), found, Q(), KEYS.order(state), state.descending, 0, 26).explain()

    def test_the_rows_of_a_page_do_not_depend_on_how_they_are_found(self):
        queries = [
            "state=ready", "state=nearly-used-up", "state=at-limit", "state=blocked-group-disabled",
            "usage=free", "usage=unused", f"group={self.group}", "enabled=yes&state=ready", "visible=no",
            "usage=full&state=ready", "created_after=2020-01-01", "q=er", f"q=er&group={self.group}",
        ]  # fmt: skip
        by_use = [(f"usage={state}", sort) for state in ("high", "full", "unused") for sort in ("uses", "-max_uses")]
        for query, sort in [*itertools.product(queries, ("name", "-uses")), *by_use]:
            state = KEYS.state(QueryDict(f"{query}&sort={sort}"))
            order, descending = KEYS.order(state), state.descending
            expected = [*KEYS.rows().filter(pk__in=filters_of(query).chosen).order_by(*order.by(descending))]
            self.assertEqual(bool(expected), query != "usage=full&state=ready", query)
            middle = len(expected) // 2
            parts = order.beyond(order.cursor(expected[middle]), descending) if expected else [Q()]
            for total in (FEW, MANY):
                with self.subTest(query, sort=sort, total=total):
                    found = filters_of(query).for_page(total, order, MANY)
                    skipped, *rest = (
                        read_in_order(KEYS.rows(), found, part, order, descending, start, 200)
                        for start, part in ((3, Q()), *((0, each) for each in parts))
                    )
                    self.assertEqual([*skipped], expected[3:])
                    self.assertEqual([*itertools.chain(*rest)], expected[middle + 1 :])

    @ON_POSTGRESQL
    def test_many_are_read_in_the_order_of_names_in_a_range_for_each_state_of_use_that_they_can_have(self):
        ranges = {
            "state=ready": 2, "state=nearly-used-up": 1, "state=at-limit": 1, "state=expired": 4,
            "usage=free": 3, f"group={self.group}": 4, "enabled=yes&usage=unused": 1,
        }  # fmt: skip
        for query, number in ranges.items():
            for sort in ("name", "-name"):
                with self.subTest(query, sort=sort):
                    plan = self.plan(f"{query}&sort={sort}", MANY)
                    self.assertRegex(plan, "Index Only Scan (Backward )?using key_by_use_state")
                    self.assertEqual(plan.count("using key_by_use_state"), number)
                    self.assertEqual("Merge Append" in plan, number > 1)
                    self.assertNotRegex(plan, "Sort  |key_by_group")
                    # The rows of the page, found by their names.
                    self.assertEqual(plan.count("using key_name_is_unique"), 1)
        # Where many have this group, its index would find all of them first.
        self.assertRegex(self.plan(f"group={self.group}", MANY), r"Filter: \(\(group_id = .*\) IS TRUE\)")
        # The index has neither of these columns.
        for query in ("visible=no", "created_after=2020-01-01"):
            self.assertNotIn("Merge Append", self.plan(query, MANY))

    @ON_POSTGRESQL
    def test_few_are_found_before_they_are_sorted(self):
        for sort in ("name", "-uses", "group"):
            with self.subTest(sort=sort):
                self.assertRegex(self.plan(f"group={self.group}&sort={sort}", FEW), r"Sort Key: .*COALESCE")
        # An index has the names alone.
        plan = self.plan("q=er&sort=uses", FEW)
        self.assertRegex(plan, "(?s)Index Only Scan using key_name_is_unique .*= ANY")
        # A list that is counted to its end is read soon in any way.
        filters = filters_of(f"group={self.group}")
        self.assertIs(filters.for_page(FEW, KEYS.order(KEYS.state(QueryDict())), COUNTED), filters.qs)

    def test_keys_that_the_order_has_at_its_end_are_read_from_where_they_begin(self):
        """A key that is nearly used up has 4 uses of 5 at least, and only those of unused keys are none."""
        pairs = [(uses, most) for most in range(1, 60) for uses in range(most + 1)]
        least = {state: min(uses for uses, most in pairs if use_state(uses, most) == state) for state in UseState}
        meant = {state: Q(uses__gte=uses) if uses else Q(uses=0) for state, uses in least.items()}
        self.assertEqual(KEYS.table.orders()["uses"].implied, ("use_state", meant))
        most = min(most for uses, most in pairs if use_state(uses, most) == UseState.HIGH)
        meant = {**dict.fromkeys(UseState, Q()), UseState.HIGH: Q(max_uses__gte=most)}
        self.assertEqual(KEYS.table.orders()["max_uses"].implied, ("use_state", meant))
        for query, condition in {
            "usage=unused&sort=-uses": "uses ?=", "usage=full&sort=uses": "uses ?>",
            "state=nearly-used-up&sort=uses": "uses ?>", "usage=high&sort=max_uses": "max_uses ?>",
        }.items():  # fmt: skip
            with self.subTest(query):
                # PostgreSQL may find the unused keys of this test in the primary key.
                index = r"key_by_(max_)?uses " if connection.vendor == "sqlite" else ""
                self.assertRegex(self.plan(query, MANY), rf"{index}\({condition}")
        # From the other end these keys come first, and PostgreSQL would find and sort all of them sooner.
        for query in ("usage=full&sort=-uses", "state=nearly-used-up&sort=-uses", "usage=high&sort=-max_uses"):
            with self.subTest(query):
                self.assertNotRegex(self.plan(query, MANY), r"uses ?>=? ?['?\d]")

    def test_keys_are_counted_in_the_index_of_their_state_of_use(self):
        usage = KeyFilters.base_filters["usage"]
        for state, _words in usage.choices:
            with self.subTest(state):
                counted = usage.counted(KEYS.rows(), state)
                self.assertEqual([*capped_counts(counted)], [capped_count(usage.filter(KEYS.rows(), state))])
                self.assertRegex(counted.order_by().values("enabled").explain(), "key_by_use_state")
