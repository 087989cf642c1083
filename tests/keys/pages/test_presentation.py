"""How times, expiry and names of certificates are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from unittest import TestCase
from zoneinfo import ZoneInfo

from django.utils.timezone import override

from keys.pages.expiry_badge import Badge, expiry
from keys.pages.presentation import attributes
from portal.times import ago, stamp, time_element

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Presentation(TestCase):
    def test_a_moment_is_said_in_utc_to_people_and_machines(self):
        moment = datetime(2026, 3, 1, 1, 5, 9, tzinfo=timezone(timedelta(hours=2)))
        self.assertEqual(stamp(moment), ("28 Feb 2026, 23:05 UTC", "2026-02-28T23:05:09Z"))
        self.assertEqual(stamp(moment).day, "28 Feb 2026")

    def test_f43_a_moment_is_said_in_the_zone_of_the_request_with_its_short_name(self):
        winter, summer = datetime(2026, 11, 24, 15, 9, tzinfo=UTC), datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
        for zone, moment, text in (
            ("Europe/Berlin", winter, "24 Nov 2026, 16:09 CET"),
            ("Europe/Berlin", summer, "2 Jul 2026, 00:30 CEST"),
            ("America/Sao_Paulo", winter, "24 Nov 2026, 12:09 UTC-03:00"),
            ("Asia/Kolkata", winter, "24 Nov 2026, 20:39 IST"),
        ):
            with override(ZoneInfo(zone)):
                self.assertEqual(stamp(moment).text, text)
                self.assertEqual(stamp(moment).iso, f"{moment:%Y-%m-%dT%H:%M:%S}Z")

    def test_a_clock_that_is_put_back_shows_the_same_time_twice_under_two_names(self):
        with override(ZoneInfo("Europe/Berlin")):
            twice = [stamp(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)).text for hour in (0, 1)]
        self.assertEqual(twice, ["25 Oct 2026, 02:30 CEST", "25 Oct 2026, 02:30 CET"])

    def test_a_certificate_without_a_known_end_is_said_in_utc_where_the_calendar_ends_first(self):
        with override(ZoneInfo("Pacific/Kiritimati")):
            self.assertEqual(stamp(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)).text, "31 Dec 9999, 23:59 UTC")

    def test_a_moment_as_html(self):
        shown = '<time datetime="2026-11-24T12:00:00Z">24 Nov 2026, 12:00 UTC</time>'
        self.assertEqual(time_element(NOW), shown)

    def test_the_end_of_a_certificate_is_announced_a_month_ahead(self):
        for left, badge in (
            (timedelta(0), Badge("Expired", "danger")),
            (timedelta(hours=11, minutes=59), Badge("Expires today", "warning")),
            (timedelta(hours=12), Badge("Expires tomorrow", "warning")),
            (timedelta(hours=23, minutes=59), Badge("Expires tomorrow", "warning")),
            (timedelta(days=1, hours=5), Badge("Expires in 1 day", "warning")),
            (timedelta(days=6, hours=23), Badge("Expires in 6 days", "warning")),
            (timedelta(days=7), Badge("Expires in 7 days", "info")),
            (timedelta(days=29, hours=23), Badge("Expires in 29 days", "info")),
            (timedelta(days=30), None),
        ):
            self.assertEqual(expiry(NOW + left, NOW), badge)

    def test_today_and_tomorrow_are_days_of_the_reader(self):
        in_the_evening = NOW + timedelta(hours=11, minutes=30)
        for zone, words in (
            ("UTC", "Expires today"),
            ("America/New_York", "Expires today"),
            ("Europe/Berlin", "Expires tomorrow"),
            ("Pacific/Kiritimati", "Expires today"),
            ("Asia/Tokyo", "Expires tomorrow"),
        ):
            with self.subTest(zone=zone), override(ZoneInfo(zone)):
                self.assertEqual(expiry(in_the_evening, NOW), Badge(words, "warning"))

    def test_a_moment_is_its_distance_for_a_month_and_its_day_after_that(self):
        for before, text in (
            (timedelta(seconds=-5), "just now"),
            (timedelta(seconds=59), "59 s ago"),
            (timedelta(minutes=59, seconds=59), "59 min ago"),
            (timedelta(hours=23), "23 h ago"),
            (timedelta(days=29, hours=23), "29 days ago"),
            (timedelta(days=30), stamp(NOW - timedelta(days=30)).day),
        ):
            with self.subTest(text):
                self.assertEqual(ago(NOW - before, NOW).text, text)
        moment = datetime(2026, 7, 1, 2, 3, 4, tzinfo=UTC)
        self.assertEqual(ago(moment, NOW)[1:], ("1 Jul 2026, 02:03:04 UTC", "2026-07-01T02:03:04Z"))

    def test_a_distinguished_name_has_one_attribute_a_line(self):
        self.assertEqual(attributes(r"CN=a\,b,O=c"), [r"CN=a\,b", "O=c"])
        self.assertEqual(attributes(""), [])
