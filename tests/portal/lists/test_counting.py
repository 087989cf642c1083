"""Counts stop one above 10,000, in the database and in words."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.sessions.models import Session
from django.template import Context, Template

from portal.lists.counting import COUNTED, IN_A_ROW, Stopped, capped_count, capped_counts, words
from tests.base import PortalTestCase


class Counting(PortalTestCase):
    def test_it_stops_one_above_ten_thousand(self):
        end = datetime(2030, 1, 1, tzinfo=UTC)
        Session.objects.bulk_create(
            [Session(session_key=f"{number}", session_data="", expire_date=end) for number in range(COUNTED + 5)]
        )
        rows = Session.objects.all()
        self.assertEqual(capped_count(rows), COUNTED + 1)
        some = rows.filter(session_key__in=["1", "2"])
        self.assertEqual([*capped_counts(some, rows)], [2, COUNTED + 1])
        self.assertEqual([*capped_counts(rows.distinct(), rows.union(some, all=True))], [COUNTED + 1] * 2)
        self.assertEqual([*capped_counts(some.union(some, all=True), some.distinct())], [4, 2])

    def test_words(self):
        self.assertEqual([words(number) for number in (0, 9_876, 10_000, 10_001)], ["0", "9,876", "10,000", "10,000+"])
        self.assertEqual([words(number) for number in (IN_A_ROW + 1, Stopped(IN_A_ROW + 1))], ["1,001", "1,000+"])

    def test_a_count_with_its_noun(self):
        template = Template("{% load counts %}{{ number|counted:noun }}")

        def counted(number: int, noun: str) -> str:
            return template.render(Context({"number": number, "noun": noun}))

        self.assertEqual([counted(number, "key") for number in (0, 1, 1_200)], ["0 keys", "1 key", "1,200 keys"])
        self.assertEqual(counted(COUNTED + 1, "key"), "10,000+ keys")
        self.assertEqual(counted(2, "entry,entries"), "2 entries")
