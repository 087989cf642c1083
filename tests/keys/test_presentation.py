"""How times, expiry and names of certificates are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from unittest import TestCase

from keys.presentation import Badge, distinguished_name, expiry, stamp

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Presentation(TestCase):
    def test_a_moment_is_said_in_utc_to_people_and_machines(self):
        moment = datetime(2026, 3, 1, 1, 5, 9, tzinfo=timezone(timedelta(hours=2)))
        self.assertEqual(stamp(moment), ("28 Feb 2026, 23:05 UTC", "2026-02-28T23:05:09Z"))
        self.assertEqual(stamp(moment).day, "28 Feb 2026")

    def test_the_end_of_a_certificate_is_announced_a_month_ahead(self):
        for left, badge in (
            (timedelta(0), Badge("Expired", "danger")),
            (timedelta(hours=5), Badge("Expires today", "danger")),
            (timedelta(days=1, hours=5), Badge("Expires in 1 day", "danger")),
            (timedelta(days=6, hours=23), Badge("Expires in 6 days", "danger")),
            (timedelta(days=7), Badge("Expires in 7 days", "warning")),
            (timedelta(days=29, hours=23), Badge("Expires in 29 days", "warning")),
            (timedelta(days=30), None),
        ):
            self.assertEqual(expiry(NOW + left, NOW), badge)

    def test_a_distinguished_name_breaks_at_its_commas(self):
        self.assertEqual(distinguished_name(r"CN=a\,b,O=c"), r"CN=a\,b, O=c")
