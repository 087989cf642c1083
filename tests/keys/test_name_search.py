"""Searching by a part of a name reads an index, says so when it cannot, and finds the same either way."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection

from enrollment.models import ServiceEdge
from keys import name_search
from keys.checks import check_name_search
from keys.models import ProvisioningKey
from tests.base import PortalTestCase
from tests.factories import make_key, preload

AWKWARD = (
    "São Paulo",
    "Ångström",
    "\uff26\uff35\uff2c\uff2c width",
    "ﬀ ligature",
    "Straße",
    "İstanbul",
    "東京都港区",
    "a-b_c.d",
)


class NameSearch(PortalTestCase):
    def found(self, term):
        return set(ProvisioningKey.objects.filter(sort_name__contains=term).values_list("sort_name", flat=True))

    def test_every_part_of_every_name_finds_what_a_scan_finds(self):
        for name in AWKWARD:
            make_key(name)
        everything = set(ProvisioningKey.objects.values_list("sort_name", flat=True))
        for name in everything:
            for start in range(len(name)):
                for end in range(start + 1, len(name) + 1):
                    term = name[start:end]
                    self.assertEqual(self.found(term), {each for each in everything if term in each}, term)

    def test_what_is_special_to_a_search_language_is_plain_text(self):
        make_key("a-b_c.d")
        for term in ('"', '"a-b"', "a-b*", "a AND b", "a%d", "a?b", "NEAR(a b)", "-b_c", "sort_name:a", "\\"):
            self.assertEqual(self.found(term), {"a-b_c.d"} if term in "a-b_c.d" else set(), term)

    def test_on_postgresql_the_plan_reads_the_trigrams(self):
        preload()
        call_command("seed_keys", count=2_000, verbosity=0)
        some = ProvisioningKey.objects.order_by("-id").values_list("sort_name", flat=True)[0]
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
                # Without it the planner prefers to read an empty table of edges by its primary key.
                cursor.execute("SET LOCAL enable_indexscan = off")
        for model, index in ((ProvisioningKey, "key_name_trigrams"), (ServiceEdge, "edge_name_trigrams")):
            plan = model.objects.filter(sort_name__contains=some[-5:]).order_by().explain()
            self.assertRegex(plan, index if connection.vendor == "postgresql" else "SCAN")


class TheCheck(PortalTestCase):
    def ids(self):
        return [each.id for each in check_name_search(None, databases=["default"])]

    def test_it_says_when_a_search_reads_every_name(self):
        make_key("Northwest")
        if connection.vendor == "postgresql":
            self.assertEqual(self.ids(), [])
            with connection.cursor() as cursor:
                cursor.execute("DROP INDEX key_name_trigrams")
        self.assertEqual(self.ids(), ["keys.W005" if connection.vendor == "postgresql" else "keys.I006"])
        self.assertEqual(ProvisioningKey.objects.filter(sort_name__contains="thwe").count(), 1)

    def test_the_next_migrate_makes_a_missing_index_again(self):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("DROP INDEX key_name_trigrams, edge_name_trigrams")
            self.assertEqual(self.ids(), ["keys.W005"])
        name_search.create()
        self.assertEqual(self.ids(), [] if connection.vendor == "postgresql" else ["keys.I006"])
