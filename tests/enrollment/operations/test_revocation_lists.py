"""When a revocation list is published, what it lists, and that OpenSSL acts on it (D-04, T17)."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from django.db import DatabaseError, IntegrityError, transaction

from enrollment import operations
from enrollment.models import IssuedCertificate, RevocationList
from enrollment.operations.revocation_lists import publish
from keys.errors import InUse
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import delete_certificate
from tests.enrollment.base import make_issuer, now
from tests.enrollment.revocation import (
    RevocationTestCase,
    certificate_of,
    fetch,
    number,
    openssl_verdict,
    serials,
)
from tests.factories import ACTOR, signing_certificate

DAY = timedelta(days=1)


class OpensslTests(RevocationTestCase):
    def lists(self) -> list[x509.CertificateRevocationList]:
        return [fetch(self.issuer), fetch(signing_certificate("Root"))]

    def test_d04_t17_openssl_accepts_a_live_edge_and_refuses_a_revoked_one(self) -> None:
        self.assertEqual(openssl_verdict(self.first, self.lists()), "OK")
        operations.revoke_edge(self.edge, reason="keyCompromise", actor=ACTOR)
        self.assertIn("certificate revoked", openssl_verdict(self.first, self.lists()))
        self.assertEqual(openssl_verdict(self.second, self.lists()), "OK")

    def test_t17_a_list_of_each_kind_of_issuer_is_accepted(self) -> None:
        for key_type in ("EC P-384", "RSA 3072"):
            other = make_issuer(key_type, key_type=key_type)
            ProvisioningKey.objects.filter(pk=self.key.pk).update(signing_certificate=other)
            edge = self.enroll(self.text)
            lists = [fetch(other), fetch(signing_certificate("Root"))]
            self.assertEqual(openssl_verdict(edge, lists), "OK")
            operations.revoke_edge(certificate_of(edge).edge, reason="unspecified", actor=ACTOR)
            self.assertIn("certificate revoked", openssl_verdict(edge, [fetch(other), lists[1]]))

    def test_t17_without_the_roots_list_openssl_trusts_nobody(self) -> None:
        self.assertIn("unable to get certificate CRL", openssl_verdict(self.first, self.lists()[:1]))


class LifeTests(RevocationTestCase):
    def publish(self, at: datetime) -> RevocationList:
        published = publish(self.issuer, at)
        self.assertTrue(published.is_current)
        assert published.newest
        return published.newest

    def test_a_list_without_news_stays_for_a_day(self) -> None:
        at = now()
        first = self.publish(at)
        self.assertEqual(self.publish(at + DAY - timedelta(minutes=6)), first)
        self.assertGreater(self.publish(at + DAY).number, first.number)

    def test_only_the_newest_is_kept(self) -> None:
        at = now()
        for days in range(3):
            newest = self.publish(at + days * DAY)
        self.assertEqual(list(RevocationList.objects.filter(issuer=self.issuer)), [newest])

    def test_d04_the_number_is_unix_time_and_grows_also_when_the_clock_does_not(self) -> None:
        at = now()
        found = [self.publish(at).number]
        for enrolled in (self.first, self.second):
            operations.revoke_edge(certificate_of(enrolled).edge, reason="unspecified", actor=ACTOR)
            found.append(number(fetch(self.issuer)))
        self.assertGreaterEqual(found[0], int(at.timestamp()))
        self.assertTrue(all(before < after for before, after in pairwise(found)), found)

    def test_d04_an_entry_stays_until_one_list_past_its_expiry(self) -> None:
        operations.revoke_edge(self.edge, reason="unspecified", actor=ACTOR)
        expires = certificate_of(self.first).not_after
        sizes = [self.publish(expires + days * DAY).size for days in (-1, 0.5, 2, 4)]
        self.assertEqual(sizes, [1, 1, 0, 0])

    def test_what_is_revoked_after_its_expiry_is_named_once(self) -> None:
        expires = certificate_of(self.first).not_after
        self.publish(expires + 5 * DAY)
        IssuedCertificate.objects.filter(pk=certificate_of(self.first).pk).update(
            revoked_at=expires + 5.1 * DAY, revocation_reason="unspecified"
        )
        self.assertEqual([self.publish(expires + days * DAY).size for days in (5.2, 7)], [1, 0])

    def test_a_list_from_the_future_is_replaced(self) -> None:
        ahead = self.publish(now() + 400 * DAY)
        today = self.publish(now())
        self.assertGreater(today.number, ahead.number)
        self.assertLess(today.this_update, now())

    def test_revoked_rows_of_an_older_portal_are_listed(self) -> None:
        fetch(self.issuer)
        IssuedCertificate.objects.filter(pk=certificate_of(self.first).pk).update(
            revoked_at=now(), revocation_reason="unspecified"
        )
        self.assertEqual(serials(fetch(self.issuer)), {certificate_of(self.first).serial})

    def test_an_issuer_that_issued_nothing_is_deleted_with_its_list(self) -> None:
        other = make_issuer("Unused")
        fetch(other)
        with self.assertRaises(InUse):
            delete_certificate(self._own_issuer_in_use(), actor=ACTOR)
        delete_certificate(other, actor=ACTOR)
        self.assertFalse(RevocationList.objects.filter(issuer_id=other.pk).exists())

    def _own_issuer_in_use(self) -> SigningCertificate:
        other = make_issuer("Used")
        ProvisioningKey.objects.filter(pk=self.key.pk).update(signing_certificate=other)
        self.enroll(self.text)
        return other


class RuleTests(RevocationTestCase):
    """What the database refuses to every writer."""

    TABLE, CERTIFICATES = "enrollment_revocationlist", "enrollment_issuedcertificate"

    def assert_kept(self, words: str, statement: str) -> None:
        with self.subTest(statement), self.assertRaisesMessage(DatabaseError, words):
            self.execute(statement)

    def test_d04_a_number_never_falls_and_is_never_used_twice(self) -> None:
        fetch(self.issuer)
        columns = "issuer_id, der, this_update, next_update, size"
        for new, words in (("number - 1", "is greater than"), ("number", "is greater than"), ("-1", "is greater than")):
            values = f"SELECT {columns}, {new} FROM {self.TABLE}"
            self.assert_kept(words, f"INSERT INTO {self.TABLE} ({columns}, number) {values}")

    def test_a_signed_list_is_never_changed(self) -> None:
        fetch(self.issuer)
        self.assert_kept("never changed", f"UPDATE {self.TABLE} SET number = number + 1")

    def test_the_constraint_behind_the_trigger_holds_too(self) -> None:
        fetch(self.issuer)
        on = f" ON {self.TABLE}" if transaction.get_connection().vendor == "postgresql" else ""
        self.execute(f"DROP TRIGGER revocation_list_number_grows{on}")
        newest = RevocationList.objects.get()
        newest.pk = None
        with self.assertRaises(IntegrityError), transaction.atomic():
            newest.save(force_insert=True)

    def test_a_reason_is_one_of_those_that_apply_to_an_edge(self) -> None:
        change = f"UPDATE {self.CERTIFICATES} SET revoked_at = issued_at, revocation_reason ="
        self.assert_kept("reason", f"{change} 'cACompromise'")
        self.assert_kept("reason", f"{change} ''")
        self.assert_kept("reason", f"UPDATE {self.CERTIFICATES} SET revocation_reason = 'superseded'")

    def test_only_a_revoked_certificate_is_listed_and_it_stays_so(self) -> None:
        self.assert_kept("listed", f"UPDATE {self.CERTIFICATES} SET listed_at = issued_at")
        operations.revoke_edge(self.edge, reason="unspecified", actor=ACTOR)
        self.assert_kept("listed", f"UPDATE {self.CERTIFICATES} SET listed_at = NULL WHERE listed_at IS NOT NULL")
