"""Across modules: the effects of a wrong clock end when the clock is right, and no certificate is un-revoked.

Revocation lists, connection and validity each depend on the clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from unittest import mock

from cryptography import x509
from django.db import transaction
from django.test import override_settings
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from enrollment import operations, revocation_list_age
from enrollment.models import IssuedCertificate, RevocationList
from enrollment.operations.revocation_lists import newest_list, publish
from enrollment.pages.edge_state import connection
from keys.models import ProvisioningKey
from tests.enrollment.base import now
from tests.enrollment.renewal import RenewalTestCase
from tests.enrollment.revocation import RevocationTestCase, certificate_of, fetch, number, serials
from tests.factories import ACTOR, EDGE, make_csr

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LIFETIMES = (2, 9, 30, 90)
NEVER = datetime.max.replace(tzinfo=UTC)


class ListTests(RevocationTestCase):
    def publish(self, at: datetime) -> set[str]:
        """The serials on the list that is published now."""
        published = publish(self.issuer, at)
        self.assertTrue(published.is_current)
        assert published.newest
        return serials(x509.load_der_x509_crl(bytes(published.newest.der)))

    def test_d04_a_clock_that_was_ahead_takes_nobody_off_the_list(self) -> None:
        operations.revoke_edge(self.edge, reason="keyCompromise", actor=ACTOR)
        revoked = {certificate_of(self.first).serial}
        for days in (100, 102):
            self.publish(now() + days * DAY)
        for hours in (0, 1, 25, 50):
            with self.subTest(hours=hours):
                self.assertEqual(self.publish(now() + timedelta(hours=hours)), revoked)

    def test_d04_what_expired_while_the_clock_was_ahead_is_on_one_list_past_its_expiry(self) -> None:
        operations.revoke_edge(self.edge, reason="keyCompromise", actor=ACTOR)
        certificate = certificate_of(self.first)
        for days in (100, 102):
            self.publish(now() + days * DAY)
        after = [self.publish(certificate.not_after + days * DAY) for days in (1, 3)]
        self.assertEqual(after, [{certificate.serial}, set()])

    def test_d04_the_number_grows_past_that_of_a_list_from_the_future(self) -> None:
        self.publish(now() + 400 * DAY)
        ahead = newest_list(self.issuer)
        assert ahead
        numbers = [ahead.number]
        for certificate in (certificate_of(self.first), certificate_of(self.second)):
            operations.revoke_edge(certificate.edge, reason="unspecified", actor=ACTOR)
            numbers.append(number(fetch(self.issuer)))
        self.assertEqual(numbers, [ahead.number, ahead.number + 1, ahead.number + 2])

    def test_d04_nobody_was_revoked_in_the_future(self) -> None:
        """Some verifiers ignore an entry with a date in the future."""
        with mock.patch("enrollment.operations.revoking.timezone.now", return_value=now() + 100 * DAY):
            operations.revoke_edge(self.edge, reason="superseded", actor=ACTOR)
        (entry,) = fetch(self.issuer)
        self.assertLessEqual(entry.revocation_date_utc, now())

    def test_d04_readiness_replaces_a_list_that_nobody_accepts_yet(self) -> None:
        self.publish(now() + 100 * DAY)
        self.assertTrue(revocation_list_age.no_list_has_expired())
        newest = newest_list(self.issuer)
        assert newest
        self.assertLessEqual(newest.this_update, now())

    def test_d04_a_list_from_the_future_that_stays_is_late(self) -> None:
        self.publish(now() + 100 * DAY)
        self.assertEqual(revocation_list_age.late(), ["Service Edge"])


@dataclass
class Model:
    """The facts for every list, kept outside the database: expiries, revocations and entries that may be left out."""

    ends: dict[str, datetime]
    revoked: set[str] = field(default_factory=set)
    # A list that started after its expiry names it, so later lists need not (RFC 5280 §3.3).
    done: dict[str, datetime] = field(default_factory=dict)
    number: int = 0

    def check(self, newest: RevocationList, portal: datetime, true: datetime) -> None:
        """Check a list that was published at these times of the portal's clock and of a right clock."""
        named = serials(x509.load_der_x509_crl(bytes(newest.der)))
        assert newest.this_update <= portal, "nobody accepts it yet"
        assert newest.number >= self.number, "its number falls"
        assert named <= self.revoked
        for serial in self.revoked - named:
            began = self.done.get(serial, NEVER)
            assert began <= portal + 5 * MINUTE, "it left before one list past its expiry"
            # A relying party with a right clock accepts a list from its start on.
            assert newest.this_update > true or self.ends[serial] < true, "it is accepted, and knows less"
        for serial in named:
            if newest.this_update > self.ends[serial]:
                self.done[serial] = min(newest.this_update, self.done.get(serial, newest.this_update))
        self.number = newest.number


Step = tuple[float, float, int | None]
# Each step: the hours that pass, the days by which the portal's clock is wrong then, and the edge that is revoked.
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 0.05, 1, 23, 25, 60, 240]),
        st.sampled_from([0, 0, 0, 0.001, 1, 3, 8, 100, 400, -0.001, -3, -100]),
        st.sampled_from([None, *range(len(LIFETIMES))]),
    ),
    min_size=3,
    max_size=14,
)


class AnyClockTests(RevocationTestCase):
    def setUp(self) -> None:
        super().setUp()
        ProvisioningKey.objects.filter(pk=self.key.pk).update(max_uses=20)
        self.certificates: list[IssuedCertificate] = []
        for days in LIFETIMES:
            with override_settings(EDGE_CERTIFICATE_DAYS=days):
                self.certificates.append(certificate_of(self.enroll(self.text)))

    def test_d04_whatever_the_clock_does_an_entry_stays_until_one_list_past_its_expiry(self) -> None:
        @hypothesis_settings(deadline=None, max_examples=30)
        @example([(0, 0, 3), (1, 100, None), (25, 100, None), (1, 0, None), (25, 0, None)])
        @given(STEPS)
        def holds(steps: list[Step]) -> None:
            with transaction.atomic():
                self.walk(steps)
                transaction.set_rollback(True)

        holds()

    def walk(self, steps: list[Step]) -> None:
        model, true = Model({each.serial: each.not_after for each in self.certificates}), now()
        for hours, wrong, which in steps:
            true += timedelta(hours=hours)
            portal = true + timedelta(days=wrong)
            if which is not None:
                self.revoke(self.certificates[which], portal)
                model.revoked.add(self.certificates[which].serial)
            newest = publish(self.issuer, portal).newest
            assert newest
            model.check(newest, portal, true)

    @staticmethod
    def revoke(certificate: IssuedCertificate, at: datetime) -> None:
        rows = IssuedCertificate.objects.filter(pk=certificate.pk, revoked_at=None)
        rows.update(revoked_at=at, revocation_reason="unspecified")


class ConnectionTests(RevocationTestCase):
    def test_a_contact_from_the_future_connects_nobody(self) -> None:
        self.assertEqual(connection(now() + MINUTE, now()).word, "Connected")
        found = connection(now() + 100 * DAY, now())
        self.assertEqual((found.word, found.tone), ("Disconnected", "warning"))
        self.assertTrue(found.since.startswith("last contact dated "), found.since)


class RenewalTests(RenewalTestCase):
    def test_d07_a_renewal_that_is_not_valid_yet_is_replaced(self) -> None:
        csr = make_csr(self.private_key)
        ahead = self.row(operations.renew(self.old, csr, caller=EDGE, now=now() + 5 * DAY).certificate)
        self.assertGreater(ahead.not_before, now())
        again = self.renew(csr)
        self.assertFalse(again.replayed)
        self.assertLessEqual(self.row(again.certificate).not_before, now())
        ahead.refresh_from_db()
        self.assertEqual(ahead.revocation_reason, "superseded")
        self.assertEqual((self.renew(csr).certificate, self.renew(csr).replayed), (again.certificate, True))
