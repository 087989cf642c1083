"""Pages by cursor and by number; each part of an order is one range of an index, on both databases."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.models import Q

from keys.models import ProvisioningKey
from keys.pages.key_list import KeyTable
from keys.pages.key_rows import read
from portal.lists.counting import COUNTED, Stopped
from portal.lists.paging import keys_in_order, last_page
from tests.base import PortalTestCase
from tests.factories import make_key, preload


def cursor_of(document: Any) -> str:
    """A cursor as somebody could forge it."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


class TheIndexes(PortalTestCase):
    @classmethod
    def setUpTestData(cls):
        # With a handful of rows, or without statistics, any index is as good as another to PostgreSQL.
        preload()
        call_command("seed_keys", count=2_000, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def setUp(self):
        # A value few rows share; for one that most share, reading rows by id and skipping the others is right.
        self.key = read(ProvisioningKey.objects.order_by("-uses", "id")[:1])[0]

    def plan(self, part: Q, name: str, descending: bool) -> str:
        if connection.vendor == "postgresql":
            # The question is what the indexes make possible, not what is cheapest at this size.
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute("SET LOCAL enable_bitmapscan = off")
        return keys_in_order(ProvisioningKey.objects.all(), part, KeyTable.orders()[name], descending)[:26].explain()

    def test_every_part_behind_a_cursor_is_a_range_of_an_index_and_needs_no_full_sort(self):
        for name, order in KeyTable.orders().items():
            cursor = order.read_cursor(order.write_cursor(self.key))
            for descending in (False, True):
                for part in order.beyond(cursor, descending):
                    with self.subTest(sort=name, descending=descending, part=part):
                        plan = self.plan(part, name, descending)
                        self.assertNotRegex(plan, "SCAN|Seq Scan|TEMP B-TREE")
                        self.assertRegex(plan, r"USING COVERING INDEX|Index Cond")

    def test_rows_with_equal_values_are_found_by_value_and_id(self):
        order = KeyTable.orders()["uses"]
        ties, _rest = order.beyond(order.read_cursor(order.write_cursor(self.key)), False)
        self.assertRegex(self.plan(ties, "uses", False), r"uses=\? AND id>\?|\(uses = .*\) AND \(id > ")


class Counting(PortalTestCase):
    def test_numbers_end_at_the_deepest_row(self):
        self.assertEqual(last_page(0, 25), 1)
        self.assertEqual(last_page(26, 25), 2)
        self.assertEqual(last_page(COUNTED + 1, 25), 400)
        self.assertEqual(last_page(COUNTED + 1, 100), 100)
        self.assertEqual(last_page(Stopped(1_001), 25), 40)


class Cursors(PortalTestCase):
    def test_a_cursor_of_each_order_reads_back(self):
        make_key("São Paulo")
        (key,) = read(ProvisioningKey.objects.all())
        for name, order in KeyTable.orders().items():
            with self.subTest(sort=name):
                cursor = order.read_cursor(order.write_cursor(key))
                self.assertEqual(cursor.id, key.id)
        by_name, by_age = KeyTable.orders()["name"], KeyTable.orders()["created"]
        self.assertEqual(by_name.read_cursor(by_name.write_cursor(key)).value, "são paulo")
        self.assertEqual(by_age.read_cursor(by_age.write_cursor(key)).value, key.created_at)

    def test_the_longest_name_still_fits_into_an_address(self):
        key, _ = make_key("好" * 255)
        self.assertLess(len(KeyTable.orders()["name"].write_cursor(key)), 2_000)
