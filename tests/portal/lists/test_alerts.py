"""How many records need care: each count of the menu leads to exactly the rows that it counts."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from bs4 import Tag
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.operations import enroll
from keys.models import ProvisioningKey, SigningCertificate
from portal.lists import alerts
from tests.base import PortalTestCase
from tests.factories import EDGE, make_csr, make_key
from tests.keys.base import generated
from tests.support.html import parsed, words

PAGE = "/preferences/"


class AlertsTest(PortalTestCase):
    def setUp(self) -> None:
        self.addCleanup(alerts.counted.update, dict(alerts.counted))
        alerts.counted.clear()

    def shown(self) -> dict[str, str]:
        return {words(link): str(link["href"]) for link in self.links()}

    def links(self) -> list[Tag]:
        return parsed(self.client.get(PAGE)).select("nav[aria-label=Main] a.nav-alert")

    def test_each_count_leads_to_exactly_the_rows_that_it_counts(self) -> None:
        now = timezone.now()
        for _ in range(2):
            make_key(max_uses=1)
        _, text = make_key(max_uses=4)
        ProvisioningKey.objects.filter(max_uses=1).update(uses=1)
        for _ in range(3):
            enroll(text, make_csr(), caller=EDGE)
        lost = list(ServiceEdge.objects.order_by("pk").values_list("pk", flat=True)[:2])
        ServiceEdge.objects.filter(pk__in=lost).update(last_contact_at=now - timedelta(hours=2))
        some = generated("Short")
        SigningCertificate.objects.filter(pk=some.pk).update(not_after=now + timedelta(days=3))
        self.sign_in("vic")
        found = self.shown()
        self.assertEqual(list(found), ["2 disconnected", "2 at limit", "1 expiring"])
        for text, address in found.items():
            with self.subTest(text):
                page = parsed(self.client.get(address))
                self.assertEqual(len(page.select("tbody.record")), int(text.split()[0]))
        # The count in the menu, the segment above the list and the dot in a row have one color.
        for link in self.links()[:2]:
            page = parsed(self.client.get(str(link["href"])))
            (tone,) = set(link["class"]) - {"nav-alert"}
            with self.subTest(words(link), tone=tone):
                self.assertEqual(page.select_one("#segments [aria-current]")["class"], [tone])
                self.assertIn(tone, page.select_one("tbody.record .row .state")["class"])

    def test_a_count_that_stopped_fits_beside_the_name_of_its_list(self) -> None:
        self.sign_in("vic")
        with mock.patch.object(alerts, "capped_counts", return_value=[10_001, 10_000, 0]):
            self.assertEqual([*self.shown()], ["10k+ disconnected", "10,000 at limit"])
            self.assertEqual(self.links()[0]["title"], "10,000+ disconnected")

    def test_where_nothing_needs_care_there_is_no_count(self) -> None:
        make_key()
        self.sign_in("vic")
        self.assertEqual(self.shown(), {})

    def test_who_may_not_see_a_list_gets_no_count_and_no_query_for_it(self) -> None:
        self.sign_in("nora")
        with mock.patch.object(alerts, "capped_counts", side_effect=AssertionError):
            self.assertEqual(self.shown(), {})

    def test_all_counts_are_one_query_and_are_kept_for_seconds(self) -> None:
        self.sign_in("vic")
        self.client.get(PAGE)
        with CaptureQueriesContext(connection) as warm:
            self.client.get(PAGE)
        alerts.counted.clear()
        with CaptureQueriesContext(connection) as cold:
            self.client.get(PAGE)
        self.assertEqual(len(cold) - len(warm), 1)

    def test_a_count_that_fails_does_not_take_the_page_with_it(self) -> None:
        self.sign_in("vic")
        with mock.patch.object(alerts, "capped_counts", side_effect=DatabaseError):
            self.assertEqual(self.shown(), {})
