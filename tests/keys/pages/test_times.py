"""Across modules: F43, times are shown and typed in the reader's zone, and every page names that zone."""

from __future__ import annotations

import re
from copy import copy
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.operations import enroll
from keys.models import ProvisioningKey, SigningCertificate
from portal import triggers
from tests.base import PortalTestCase
from tests.factories import EDGE, make_csr, make_key
from tests.keys.pages.base import LIST, KeyPageTestCase, field_errors, names
from tests.support.html import parsed, texts, words

ZONE = "__Host-zone"
MACHINES = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
SHOWN = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}, \d{2}:\d{2}(?::\d{2})? (?:[A-Z]{2,5}|UTC[+-]\d{2}:\d{2})")
MOMENT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


def change(rows: QuerySet, **moments: datetime) -> None:
    """As if it had happened then. Triggers fix these moments, so they are lifted for this."""
    triggers.drop_all()
    rows.update(**moments)
    triggers.create_all()


def certificate(name: str) -> QuerySet:
    return SigningCertificate.objects.filter(name=name)


class TimesTestCase(KeyPageTestCase):
    def read_in(self, zone: str) -> None:
        self.client.cookies[ZONE] = zone


class Showing(TimesTestCase):
    def setUp(self):
        super().setUp()
        self.sign_in("ada")
        change(ProvisioningKey.objects.all(), created_at=MOMENT)
        ProvisioningKey.objects.update(expires_at=MOMENT + timedelta(days=9000))

    def test_f43_every_time_of_every_page_is_in_utc_for_machines_and_local_for_people(self):
        change(certificate("Service Edge"), not_after=timezone.now() + timedelta(days=3))
        detail = f"/enrollment-certificates/{self.key.signing_certificate_id}/"
        self.read_in("Europe/Berlin")
        enroll(self.text, make_csr(), caller=EDGE)
        edge = ServiceEdge.objects.get().get_absolute_url()
        beside = ("/", "/service-edges/?expand=all", edge, "/audit-log/?expand=all", "/accounts/sessions/")
        for address in (f"{LIST}?expand=all", self.address, "/enrollment-certificates/", detail, *beside):
            page = copy(parsed(self.client.get(address)))
            found = page.select("time")
            self.assertTrue(found, address)
            for element in found:
                self.assertRegex(element["datetime"], MACHINES)
                absolute = element.get("title") or words(element)
                self.assertRegex(absolute, SHOWN)
                self.assertRegex(absolute, r"CES?T$")
                element.decompose()
            self.assertIsNone(SHOWN.search(page.get_text()), f"{address}: a time stands outside of <time>")

    def test_f43_relative_words_have_the_absolute_time_as_title(self):
        change(certificate("Service Edge"), not_after=timezone.now() + timedelta(days=3.5))
        for address in (f"{LIST}?expand=all", self.address):
            badge = parsed(self.client.get(address)).select_one("time.badge.warning")
            self.assertEqual(words(badge), "Expires in 3 days")
            self.assertRegex(badge["datetime"], MACHINES)
            self.assertRegex(badge["title"], SHOWN)

    def test_rows_are_filled_for_each_reader_anew(self):
        for zone, text in (
            ("Asia/Tokyo", "2 Jul 2026, 07:30 JST"),
            ("America/New_York", "1 Jul 2026, 18:30 EDT"),
            ("Asia/Tokyo", "2 Jul 2026, 07:30 JST"),
            ("Mars/Base", "1 Jul 2026, 22:30 UTC"),
        ):
            self.read_in(zone)
            for address in (LIST, self.address):
                page = self.client.get(address)
                self.assertContains(page, f'<time datetime="2026-07-01T22:30:00Z">{text}</time>')

    def test_a_certificate_says_its_validity_in_the_zone(self):
        change(certificate("Root"), not_before=MOMENT)
        self.read_in("Asia/Kolkata")
        page = self.client.get(f"/enrollment-certificates/{SigningCertificate.objects.get(name='Root').pk}/")
        self.assertContains(page, '<time datetime="2026-07-01T22:30:00Z">2 Jul 2026, 04:00 IST</time>')

    def test_f43_until_when_a_certificate_is_valid_is_said_in_full(self):
        change(certificate("Service Edge"), not_after=MOMENT + timedelta(days=9000))
        self.read_in("America/New_York")
        detail = f"/enrollment-certificates/{self.key.signing_certificate_id}/"
        for address in (f"{LIST}?expand=all", self.address, detail):
            page = parsed(self.client.get(address))
            self.assertIn("Valid until 20 Feb 2051, 17:30 EST", words(page))
            self.assertIn("20 Feb 2051, 17:30 EST", [words(time) for time in page.select("time")])

    def test_machines_are_answered_in_utc_whatever_cookie_they_send(self):
        self.read_in("Asia/Tokyo")
        ProvisioningKey.objects.update(expires_at=None)
        body = {"provisioning_key": self.text, "csr": make_csr()}
        answer = self.client.post("/enrollment/v1/enroll", body, content_type="application/json").json()
        left = datetime.fromisoformat(answer["not_after"]) - timezone.now()
        self.assertTrue(answer["not_after"].endswith("Z"))
        self.assertLess(abs(left - timedelta(days=90)), timedelta(hours=2))


class Editing(TimesTestCase):
    def setUp(self):
        super().setUp()
        self.edit = f"{self.address}edit/"

    def keep(self, expires: datetime) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(expires_at=expires)

    def form(self):
        return self.client.get(self.edit).context["form"]

    def post(self, expires: str, zone: str | None = None):
        data = {"name": "Oregon", "max_uses": 5, "viewable": "on", "enabled": "on", "version": self.key_now().version}
        data |= {"expires_at": expires} | ({"expires_at_zone": zone} if zone is not None else {})
        return self.client.post(self.edit, data)

    def key_now(self) -> ProvisioningKey:
        return ProvisioningKey.objects.get(pk=self.key.pk)

    def test_f43_expiry_is_shown_and_read_in_the_zone_and_the_page_says_which(self):
        self.keep(datetime(2050, 7, 1, 22, 30, tzinfo=UTC))
        self.read_in("Europe/Berlin")
        page = self.client.get(self.edit)
        self.assertContains(page, 'value="2050-07-02T00:30"')
        self.assertContains(page, "Time zone: Europe/Berlin (CE")
        self.assertContains(page, 'name="expires_at_zone" value="Europe/Berlin"')
        self.assertEqual(self.post("2050-07-02T01:00", "Europe/Berlin").status_code, 302)
        self.assertEqual(self.key_now().expires_at, datetime(2050, 7, 1, 23, 0, tzinfo=UTC))

    def test_f43_a_new_key_too(self):
        self.read_in("Europe/Berlin")
        self.assertContains(self.client.get(f"{LIST}add/"), 'name="expires_at_zone" value="Europe/Berlin"')
        data = {"name": "New", "max_uses": 1, "new_group": "G", "viewable": "on", "expires_at": "2050-01-01T12:00"}
        self.assertEqual(self.client.post(f"{LIST}add/", data).status_code, 200)
        self.assertEqual(ProvisioningKey.objects.get(name="New").expires_at, datetime(2050, 1, 1, 11, 0, tzinfo=UTC))

    def test_a_script_without_cookie_means_utc_and_may_say_its_own_distance(self):
        for text, hour in (("2050-01-01T12:00", 12), ("2050-01-01T12:00+02:00", 10)):
            self.assertEqual(self.post(text).status_code, 302)
            self.assertEqual(self.key_now().expires_at, datetime(2050, 1, 1, hour, 0, tzinfo=UTC))

    def test_the_zone_of_the_open_page_counts_when_the_readers_changes_meanwhile(self):
        self.keep(datetime(2050, 7, 1, 22, 30, 5, tzinfo=UTC))
        self.read_in("Asia/Tokyo")
        self.assertEqual(self.post("2050-07-01T22:30", "UTC").status_code, 302)
        self.assertEqual((self.key_now().version, self.key_now().expires_at.second), (1, 5))
        refused = self.post("2001-01-01T00:00", "UTC")
        self.assertContains(refused, "Time zone: UTC")
        self.assertContains(refused, 'name="expires_at_zone" value="UTC"')

    def test_a_zone_that_is_none_is_the_readers(self):
        self.read_in("Europe/Berlin")
        for zone in ("Mars/Base", "../x", ""):
            self.assertEqual(self.post("2050-01-01T12:00", zone).status_code, 302)
            self.assertEqual(self.key_now().expires_at, datetime(2050, 1, 1, 11, 0, tzinfo=UTC))

    def test_an_untouched_form_keeps_seconds_and_both_of_the_hours_that_come_twice(self):
        self.read_in("Europe/Berlin")
        for hour in (0, 1):
            moment = datetime(2050, 10, 30, hour, 30, 5, 9, tzinfo=UTC)
            self.keep(moment)
            shown = self.form()["expires_at"].value()
            self.assertEqual(f"{shown:%Y-%m-%dT%H:%M}", "2050-10-30T02:30")
            self.assertEqual(self.post("2050-10-30T02:30", "Europe/Berlin").status_code, 302)
            self.assertEqual((self.key_now().version, self.key_now().expires_at), (1, moment))

    def test_a_time_that_clocks_skip_is_a_field_error(self):
        self.read_in("Europe/Berlin")
        response = self.post("2050-03-27T02:30", "Europe/Berlin")
        message = "Clocks in Europe/Berlin skip 02:30 on that day. Enter another time."
        self.assertEqual(field_errors(response), {"expires_at": [message]})

    def test_a_conflict_shows_both_times_in_the_zone(self):
        self.keep(datetime(2050, 1, 1, 11, 0, tzinfo=UTC))
        ProvisioningKey.objects.update(version=2, modified_at=MOMENT, modified_by="ada")
        self.read_in("Europe/Berlin")
        data = {"name": "Oregon", "max_uses": 5, "viewable": "on", "enabled": "on", "version": 1}
        page = self.client.post(self.edit, {**data, "expires_at": "2050-01-01T13:00"})
        for text in ("2 Jul 2026, 00:30 CEST", "1 Jan 2050, 12:00 CET", "1 Jan 2050, 13:00 CET"):
            self.assertContains(page, f">{text}</time>", status_code=409)

    def test_activity_says_an_edited_expiry_in_the_zone(self):
        self.keep(datetime(2050, 1, 1, 11, 0, tzinfo=UTC))
        self.sign_in("ada")
        self.read_in("Europe/Berlin")
        self.post("2050-01-01T13:00")
        page = self.client.get(self.address)
        self.assertIn("Expires: 1 Jan 2050, 12:00 CET → 1 Jan 2050, 13:00 CET", words(parsed(page)))
        self.assertLessEqual({"1 Jan 2050, 12:00 CET", "1 Jan 2050, 13:00 CET"}, set(texts(page, "time")))
        self.post("")
        ends = [
            text for text in texts(self.client.get(self.address), "#timeline .muted") if text.endswith("13:00 CET →")
        ]
        self.assertEqual(len(ends), 1)


class FilteringByDay(PortalTestCase):
    def setUp(self):
        self.sign_in("olga")
        for name, hour in (("Before", 21), ("After", 22)):
            make_key(name)
            created = datetime(2026, 6, 30, hour, 59, 59, 999999, tzinfo=UTC)
            change(ProvisioningKey.objects.filter(name=name), created_at=created)

    def found(self, zone: str, query: str) -> list[str]:
        self.client.cookies[ZONE] = zone
        return names(self.client.get(f"{LIST}?{query}"))

    def test_f43_days_are_days_of_the_readers_zone(self):
        self.assertEqual(self.found("UTC", "created_before=2026-06-30"), ["After", "Before"])
        self.assertEqual(self.found("Europe/Berlin", "created_before=2026-06-30"), ["Before"])
        self.assertEqual(self.found("Europe/Berlin", "created_after=2026-07-01"), ["After"])
        self.assertEqual(self.found("Europe/Berlin", "created_after=2026-06-30&created_before=2026-06-30"), ["Before"])

    def test_the_panel_says_which(self):
        self.client.cookies[ZONE] = "Europe/Berlin"
        self.assertContains(self.client.get(LIST), "Created from (Europe/Berlin)</label>")

    def test_the_ends_of_the_calendar_break_nothing_in_any_zone(self):
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
            for query, found in (
                ("created_after=0001-01-01&created_before=9999-12-31", ["After", "Before"]),
                ("created_before=0001-01-01", []),
                ("created_after=9999-12-31", []),
            ):
                self.assertEqual(self.found(zone, query), found)
