"""The age of revocation lists in /metrics, `manage.py check` and /readyz."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from unittest import mock

from django.core import checks
from django.db import OperationalError, transaction
from django.test import override_settings

from enrollment import operations, revocation_list_age
from enrollment.models import RevocationList
from enrollment.operations.revocation_lists import newest_list, publish
from keys.models import SigningCertificate
from portal import health
from tests.enrollment.base import make_issuer, now
from tests.enrollment.operations.test_revoking import foreign_keyring
from tests.enrollment.revocation import RevocationTestCase, number
from tests.enrollment.revocation import fetch as fetch_list
from tests.factories import ACTOR


class FreshnessTestCase(RevocationTestCase):
    """The issuer has one list, which is `age` old."""

    def setUp(self) -> None:
        super().setUp()
        health.last = health.Answer()
        self.addCleanup(setattr, health, "last", health.Answer())

    def age(self, issuer: Any = None, **ago: Any) -> None:
        assert publish(issuer or self.issuer, now() - timedelta(**ago)).is_current


@override_settings(METRICS_OPEN=True)
class MetricsTests(FreshnessTestCase):
    def read(self, name: str) -> dict[str, float]:
        """The value of each series of a gauge, by its issuer."""
        response = self.client.get("/metrics")
        self.assertEqual(response.status_code, 200)
        found = re.findall(rf'^{name}{{issuer="(\d+)"}} (\S+)$', response.content.decode(), re.MULTILINE)
        return {issuer: float(value) for issuer, value in found}

    def test_d04_the_age_of_each_list_is_told(self) -> None:
        self.age(hours=3)
        other = make_issuer()
        publish(other)
        ages = self.read("portal_crl_age_seconds")
        self.assertEqual(set(ages), {str(self.issuer.pk), str(other.pk)})
        self.assertEqual(ages[str(self.issuer.pk)] // 3600, 3)
        # Lists start five minutes early.
        self.assertEqual(ages[str(other.pk)] // 300, 1)

    def test_d04_a_new_list_begins_at_five_minutes_again(self) -> None:
        self.age(days=2)
        self.assertGreater(self.read("portal_crl_age_seconds")[str(self.issuer.pk)], 86_400)
        fetch_list(self.issuer)
        self.assertLess(self.read("portal_crl_age_seconds")[str(self.issuer.pk)], 3600)

    def test_d04_revocations_that_no_list_names_are_counted(self) -> None:
        issuer = str(self.issuer.pk)
        self.age(hours=1)
        self.assertEqual(self.read("portal_crl_waiting"), {issuer: 0})
        with foreign_keyring(), self.assertLogs("enrollment.operations.revocation_lists", "ERROR"):
            operations.revoke_edge(self.edge, reason="unspecified", actor=ACTOR)
        self.assertEqual(self.read("portal_crl_waiting"), {issuer: 1})
        fetch_list(self.issuer)
        self.assertEqual(self.read("portal_crl_waiting"), {issuer: 0})

    def test_it_costs_two_queries_whatever_there_is(self) -> None:
        self.age(hours=1)
        with self.assertNumQueries(2):
            self.client.get("/metrics")

    def test_without_a_database_the_counters_are_still_there(self) -> None:
        with mock.patch.object(RevocationList, "objects") as objects, self.assertLogs("portal.metrics", "ERROR"):
            objects.order_by.side_effect = OperationalError("away")
            response = self.client.get("/metrics")
        self.assertContains(response, "portal_enrollments")
        self.assertNotContains(response, "portal_crl")


class CheckTests(FreshnessTestCase):
    def found(self) -> list[str]:
        messages = checks.run_checks(databases=["default"])
        return [message.msg for message in messages if message.id == "enrollment.W001"]

    def test_d04_a_list_that_was_not_renewed_after_a_day_is_named(self) -> None:
        for hours, found in ((23, 0), (24.5, 0), (26, 1), (24 * 8, 1)):
            with self.subTest(hours), transaction.atomic():
                self.age(hours=hours)
                self.assertEqual(len(self.found()), found)
                transaction.set_rollback(True)
        self.age(days=2)
        self.assertIn("'Service Edge'", self.found()[0])

    def test_not_where_no_list_can_be_made(self) -> None:
        """An expired issuer needs no list. The lists of an issuer without a private key are made elsewhere."""
        own = make_issuer()
        self.age(own, days=3)
        self.assertEqual(len(self.found()), 1)
        SigningCertificate.objects.filter(pk=own.pk).update(sealed_private_key=None, sealed_with=None)
        self.assertEqual(self.found(), [])

    def test_not_before_there_are_tables(self) -> None:
        with mock.patch("django.db.connection.introspection.table_names", return_value=[]):
            self.assertEqual(self.found(), [])


class ReadinessTests(FreshnessTestCase):
    def test_d04_an_expired_list_is_renewed_by_the_question(self) -> None:
        self.age(days=8)
        before = newest_list(self.issuer)
        assert before
        self.assertEqual(self.client.get("/readyz").status_code, 200)
        self.assertGreater(number(fetch_list(self.issuer)), before.number)
        self.assertEqual(revocation_list_age.late(), [])

    def test_d04_one_that_cannot_be_renewed_is_not_ready(self) -> None:
        self.age(days=8)
        failing = mock.patch(
            "enrollment.operations.revocation_lists.revocation_list.sign", side_effect=ValueError("broken")
        )
        with (
            failing,
            self.assertLogs("enrollment.operations.revocation_lists"),
            self.assertLogs("portal.health") as logged,
        ):
            response = self.client.get("/readyz")
        self.assertEqual((response.status_code, response.content), (503, b"not ready\n"))
        self.assertEqual(logged.records[0].kind, "no_list_has_expired")  # type: ignore[attr-defined]

    def test_an_old_one_that_is_still_valid_is_no_reason(self) -> None:
        self.age(days=6)
        with self.assertNumQueries(1):
            self.assertTrue(revocation_list_age.no_list_has_expired())

    def test_one_that_is_made_elsewhere_is_none_either(self) -> None:
        self.age(days=8)
        SigningCertificate.objects.filter(pk=self.issuer.pk).update(sealed_private_key=None, sealed_with=None)
        self.assertTrue(revocation_list_age.no_list_has_expired())
