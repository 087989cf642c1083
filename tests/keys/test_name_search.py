"""Searching by a part of a name reads an index, says so when it cannot, and finds the same either way."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection

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
        return set(ProvisioningKey.objects.filter(name_search.containing(term)).values_list("sort_name", flat=True))

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

    def test_the_plan_reads_the_trigrams(self):
        preload()
        call_command("seed_keys", count=2_000, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
        some = ProvisioningKey.objects.order_by("-id").values_list("sort_name", flat=True)[0]
        plan = ProvisioningKey.objects.filter(name_search.containing(some[-5:])).explain()
        self.assertRegex(plan, r"VIRTUAL TABLE INDEX|key_name_trigrams")

    def test_a_text_in_most_names_is_not_looked_up_but_met(self):
        for number in range(4):
            make_key(f"common {number}")
        if connection.vendor == "sqlite":
            self.assertFalse(name_search.is_rare('"common"', most=3))
            self.assertTrue(name_search.is_rare('"common"', most=4))
        self.assertEqual(len(self.found("common")), 4)


class WithoutTrigrams(PortalTestCase):
    def remove(self):
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                for name in ("key_name_is_learned", "key_name_is_forgotten", "key_name_is_learned_again"):
                    cursor.execute(f"DROP TRIGGER {name}")
                cursor.execute("DROP TABLE keys_name_search")
            else:
                cursor.execute("DROP INDEX key_name_trigrams")

    def test_the_search_still_finds_and_a_check_says_that_it_reads_everything(self):
        make_key("Northwest")
        self.assertEqual(check_name_search(None, databases=["default"]), [])
        self.remove()
        self.assertEqual([each.id for each in check_name_search(None, databases=["default"])], ["keys.W005"])
        self.assertEqual(ProvisioningKey.objects.filter(name_search.containing("thwe")).count(), 1)

    def test_the_next_migrate_makes_it_again_with_the_names_there_are(self):
        make_key("Northwest")
        self.remove()
        make_key("Northeast")
        # An index cannot be made while checks of foreign keys are put off.
        connection.check_constraints()
        name_search.create()
        self.assertTrue(name_search.is_ready())
        found = ProvisioningKey.objects.filter(name_search.containing("north"))
        self.assertEqual(found.count(), 2)
