"""The dashboard: each number leads to a list with exactly so many rows, and each role sees what it may (F47)."""

from __future__ import annotations

import re
from copy import copy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from bs4 import Tag
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.operations import enroll
from enrollment.pages import enrollment_days
from enrollment.pages.audit_log import EVENTS
from keys.models import ProvisioningKey, SigningCertificate
from keys.pages.group_list import GROUPS
from portal import audit, record_addresses
from portal.lists import filters, numbers
from portal.lists.counting import COUNTED
from portal.lists.listing import LISTS
from tests import factories
from tests.base import CAST, PortalTestCase
from tests.keys.base import generated, requested
from tests.support.html import links, parsed, parts, texts, the, words

HOME = "/"
_NUMBER = re.compile(r"\d[\d,]*\+?")


def record(action: str, ago: timedelta, times: int = 1, reason: str = "") -> None:
    """Events of machines, so long ago."""
    subject = audit.Subject("key", "1", "any")
    at = timezone.now() - ago
    audit.record_all(audit.row(action, factories.EDGE, subject, at=at, reason=reason) for _ in range(times))


def record_refusals(ago: timedelta, times: int = 1) -> None:
    record(audit.Action.EDGE_REFUSED, ago, times, reason="key_exhausted")


class DashboardTests(PortalTestCase):
    """A key, an edge and a certificate in each state that needs attention, and events of the last weeks."""

    @classmethod
    def setUpTestData(cls) -> None:
        now = timezone.now()
        groups = [
            factories.make_group(name, latitude=Decimal(str(latitude)), longitude=Decimal(13), enabled=name != "Closed")
            for name, latitude in (("Berlin", 52.5), ("Berlin South", 52.4), ("Closed", -30))
        ]
        ended, ends = generated("Ended"), generated("Ends")
        requested("Waits")
        _, text = factories.make_key("Full", group=groups[0], max_uses=4)
        for _ in range(4):
            enroll(text, factories.make_csr(), caller=factories.EDGE)
        for name, fields in {
            "High": {"max_uses": 5},
            "New": {},
            "Closed": {"group": groups[2]},
            "Ended": {"signing_certificate": ended},
            "Other": {},
        }.items():
            factories.make_key(name, **{"group": groups[1], **fields})
        for each, days in ((ended, -1), (ends, 9)):
            SigningCertificate.objects.filter(pk=each.pk).update(
                not_before=now - timedelta(days=90), not_after=now + timedelta(days=days)
            )
        ProvisioningKey.objects.filter(name="High").update(uses=4)
        ProvisioningKey.objects.filter(name="Other").update(signing_certificate=generated("Own"))
        lost, found, gone, late = ServiceEdge.objects.order_by("pk")
        ServiceEdge.objects.filter(pk=gone.pk).update(certificate_until=now - timedelta(days=1))
        ServiceEdge.objects.filter(pk=late.pk).update(certificate_until=now + timedelta(days=3))
        ServiceEdge.objects.filter(pk=lost.pk).update(last_contact_at=now - timedelta(hours=2))
        ServiceEdge.objects.filter(pk=found.pk).update(last_contact_at=now)
        record_refusals(timedelta(minutes=1), 3)
        for days in (2, 5, 12, 29):
            record_refusals(timedelta(days=days), days)
            record(audit.Action.EDGE_ENROLLED, timedelta(days=days), days + 1)

    def leading(self, page: Any) -> dict[str, Tag]:
        """The links to lists, by their texts or, on the map, by their labels."""
        lists = {record_addresses.page(each.address) for each in LISTS}
        found = [each for each in parsed(page).select("main a[href]") if urlsplit(str(each["href"])).path in lists]
        return {str(link.get("aria-label") or words(link)): link for link in found}

    def test_f47_each_number_leads_to_a_list_with_exactly_so_many_rows(self) -> None:
        followed = set()
        for name, address in (("tom", f"{HOME}?days=30"), ("tom", HOME), ("vic", HOME), ("ada", HOME)):
            self.sign_in(name)
            page = self.client.get(address)
            beside = copy(the(page, "main"))
            for each in beside.select("a, time, svg, table, select"):
                each.decompose()
            # The ends of the bars are days.
            numbers_beside = re.findall(r"\b\d+\b(?!\s[A-Z][a-z]{2}\b)", beside.get_text(" "))
            self.assertEqual(numbers_beside, [], "Each is in a link.")
            for text, link in self.leading(page).items():
                shown = _NUMBER.match(text)
                if shown is None or link["href"] in followed:
                    continue
                followed.add(link["href"])
                with self.subTest(name, number=text, link=link["href"]):
                    (counted,) = parts(self.client.get(link["href"]), "p").select("#count")
                    self.assertEqual(_NUMBER.match(words(counted))[0], shown[0])
        self.assertGreater(len(followed), 30)

    def test_f47_keys_that_are_asked_one_by_one_are_counted_as_far_as_in_their_list(self) -> None:
        self.sign_in("ada")
        with patch.object(filters, "IN_A_ROW", 0):
            found = {text: link for text, link in self.leading(self.client.get(HOME)).items() if text[:2] == "0+"}
            self.assertEqual([*found], ["0+ key blocked: certificate expired", "0+ key with a different root"])
            for text, link in found.items():
                with self.subTest(text):
                    page = self.client.get(link["href"])
                    self.assertEqual(texts(page, "#count"), ["0+ of 6 keys"])
                    self.assertEqual(len(parsed(page).select("tr.row")), 1)

    def test_what_needs_attention_is_first_and_the_most_urgent_on_top(self) -> None:
        self.sign_in("ada")
        page = self.client.get(HOME)
        self.assertEqual(
            texts(page, ".attention a"),
            [
                "1 key at limit", "1 key blocked: certificate expired", "1 key with a different root",
                "1 edge with an expired certificate", "1 certificate expired",
                "1 key nearly used up", "1 edge overdue to renew",
                "1 edge disconnected", "1 certificate expiring",
                "1 certificate pending", "3 enrollments refused in the last day", "1 key blocked: group disabled",
            ],
        )  # fmt: skip
        self.assertEqual(len(texts(page, ".attention li > .muted")), 12)
        self.assertEqual(texts(page, ".totals .total"), ["6 keys", "4 edges", "3 groups", "8 certificates"])
        ServiceEdge.objects.update(last_contact_at=None)
        self.assertEqual(texts(self.client.get(HOME), ".totals .state")[:2], ["4 never used", "0 connected"])
        # Of lists that are not counted whole, neither are these.
        with patch.object(numbers, "COUNTED", 4):
            self.assertEqual(texts(self.client.get(HOME), ".totals .state")[0], "0 connected")
        self.assertEqual(texts(page, ".charts .total"), ["13 enrolled", "10 refused"])
        self.assertEqual(texts(self.client.get(f"{HOME}?days=30"), ".charts .total"), ["56 enrolled", "51 refused"])
        self.assertIn("2 groups near Berlin: 1 of 4 edges connected, 1 disconnected", self.leading(page))

    def test_each_role_sees_what_it_may(self) -> None:
        for name in CAST:
            self.sign_in(name)
            page = self.client.get(HOME)
            self.assertEqual(page.status_code, 200)
            may_see_events = name in {"ada", "tom", "sam", "sue"}
            with self.subTest(name):
                adds = "/service-edges/add/choose-key/?begin" in links(page, ".page-head a")
                self.assertEqual(adds, name in {"ada", "olga", "sue"})
                self.assertEqual(bool(parsed(page).select(".course, .recent")), may_see_events)
                self.assertEqual(any("/audit-log/" in each for each in links(page, "main a[href]")), may_see_events)
                self.assertEqual(bool(parsed(page).select(".attention")), name != "nora")
        self.assertEqual(texts(page, "main h2"), ["You don't have a role yet"])
        self.assertIsNone(_NUMBER.search(the(page, "main").get_text()))

    def test_the_menu_shows_the_same_counts_with_at_most_twelve_queries(self) -> None:
        self.sign_in("ada")
        self.client.get(HOME)
        with CaptureQueriesContext(connection) as captured:
            page = self.client.get(f"{HOME}?days=30")
        asked = [each["sql"] for each in captured if not re.search('django_session|"auth_|usersession', each["sql"])]
        self.assertLessEqual(len(asked), 12, "\n\n".join(asked))
        self.assertEqual(texts(page, "nav[aria-label=Main] .nav-alert"), ["1 disconnected", "1 at limit", "1 expiring"])

    def test_recent_activity_names_who_did_what_without_sign_ins(self) -> None:
        ada = self.sign_in("ada")
        key = factories.make_key("Zurich lab")[0]
        audit.record(audit.Action.USER_SIGNED_IN, factories.ACTOR, audit.Subject("user", str(ada.pk), "ada"))
        audit.record(audit.Action.USER_REFUSED, factories.ACTOR, audit.Subject("user"), reason="wrong_credentials")
        page = self.client.get(HOME)
        first = parsed(page).select_one(".recent li")
        self.assertTrue(words(first).startswith("the tests created Zurich lab"), words(first))
        self.assertEqual(links(page, ".recent li:first-child a"), [key.get_absolute_url()])
        self.assertEqual(len(texts(page, ".recent li")), 8)
        self.assertNotIn("signed in", the(page, ".recent").get_text())
        audit.record(audit.Action.KEY_SHOWN, factories.ACTOR, audit.Subject("key", str(key.pk), key.name))
        shown = words(parsed(self.client.get(HOME)).select_one(".recent li"))
        self.assertTrue(shown.startswith("the tests showed Zurich lab"), shown)
        audit.record(audit.Action.VIEW_CREATED, factories.ACTOR, audit.Subject("view", "1", "Busy"))
        shown = words(parsed(self.client.get(HOME)).select_one(".recent li"))
        self.assertTrue(shown.startswith("the tests created view Busy"), shown)

    def test_a_count_above_ten_thousand_ends_with_a_plus(self) -> None:
        self.sign_in("ada")
        many = [COUNTED + 1] * len(enrollment_days._KINDS)
        with (
            patch.object(numbers, "capped_counts", side_effect=lambda *queries: [COUNTED + 1] * len(queries)),
            patch.object(enrollment_days, "_counts", side_effect=lambda days, now: dict.fromkeys(days, many)),
        ):
            self.addCleanup(numbers._known.clear)
            page = self.client.get(HOME)
        self.assertEqual(texts(page, ".totals .total")[0], "10,000+ keys")
        self.assertEqual(texts(page, ".charts .total"), ["10,000+ enrolled", "10,000+ refused"])


@pytest.mark.once
class EmptyPortal(PortalTestCase):
    def test_the_first_steps_take_the_place_of_zeros(self) -> None:
        self.sign_in("olga")
        page = self.client.get(HOME)
        self.assertEqual(texts(page, ".first-steps h3"), ["Create a group", "Create a key", "Deploy an edge"])
        wizard = "/service-edges/add/choose-key/"
        self.assertEqual(links(page, ".first-steps a"), [wizard])
        self.assertEqual(parsed(page).select(".totals, .attention, .fine"), [])
        group = factories.make_group()
        self.assertEqual(links(self.client.get(HOME), "main a.primary"), [wizard])
        self.sign_in("vic")
        self.assertIn("Ask an administrator or operator", the(self.client.get(HOME), ".first-steps .next").get_text())
        factories.make_key(group=group)
        self.sign_in("ada")
        page = self.client.get(HOME)
        self.assertEqual(links(page, ".first-steps a"), ["/service-edge-keys/"])
        self.assertEqual(texts(page, ".fine h2"), ["Nothing needs attention"])
        self.assertIn("No enrollment was refused", the(page, ".fine").get_text())

    def test_after_sign_in_without_an_address_the_dashboard_is_shown(self) -> None:
        user = self.sign_in("vic")
        user.set_password("correct horse battery")
        user.save()
        self.client.logout()
        answer = self.client.post("/accounts/login/", {"username": "vic", "password": "correct horse battery"})
        self.assertRedirects(answer, HOME)

    def test_days_begin_when_clocks_say_so(self) -> None:
        # On 2026-09-06 clocks in Santiago skip midnight.
        with timezone.override(ZoneInfo("America/Santiago")):
            days = enrollment_days.moments([date(2026, 9, day) for day in (5, 6, 7)])
            found = [
                parse_qs(urlsplit(enrollment_days.link_to(audit.Action.EDGE_ENROLLED, each)).query) for each in days
            ]
            for each in found:
                pairs = tuple((name, values[0]) for name, values in each.items())
                self.assertEqual(numbers.Number(EVENTS, pairs).rows().count(), 0)
        self.assertEqual([each["since"] for each in found[1:]], [["2026-09-06T01:00"], ["2026-09-07T00:00"]])
        self.assertEqual([each.get("until") for each in found], [*(each["since"] for each in found[1:]), None])


@pytest.mark.once
class KnownCounts(PortalTestCase):
    def test_numbers_of_long_lists_are_counted_once_in_a_few_seconds(self) -> None:
        self.addCleanup(numbers._known.clear)
        every = numbers.Number(GROUPS)
        with patch.object(numbers, "SHORT", 0), patch.object(numbers, "monotonic", return_value=100.0) as clock:
            factories.make_group()
            self.assertEqual(numbers.count([every]), {every: 1})
            factories.make_group()
            clock.return_value += numbers.SECONDS - 1
            self.assertEqual(numbers.count([every]), {every: 1})
            clock.return_value += 1
            self.assertEqual(numbers.count([every]), {every: 2})

    def test_past_days_with_many_events_are_counted_once_in_an_hour(self) -> None:
        self.addCleanup(enrollment_days._known.clear)
        record_refusals(timedelta(days=2))
        record_refusals(timedelta(0))
        with (
            patch.object(enrollment_days, "SHORT", 0),
            patch.object(enrollment_days, "monotonic", return_value=100.0) as clock,
        ):
            for later, total in ((0, 2), (4, 2), (1, 3), (3600, 4)):
                clock.return_value += later
                self.assertEqual(enrollment_days.course("", timezone.now()).charts[1].total, total)
                if later == 4:
                    record_refusals(timedelta(days=2))
                    record_refusals(timedelta(0))
