"""The revocation list: its profile, its life, its address; and OpenSSL, which acts on it (D-04, T17)."""

from __future__ import annotations

import unittest
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from enrollment import operations
from enrollment.models import IssuedCertificate, RevocationList
from enrollment.operations.revocation_lists import publish
from enrollment.pki import revocation_list
from enrollment.pki.issuance import Issuer, ProfileViolation
from enrollment.pki.revocation_list import Entry
from keys.crypto.ca_certificates import make_authority
from keys.errors import InUse
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import delete_certificate
from tests.enrollment.base import make_issuer, now
from tests.enrollment.revoking import (
    RevocationTestCase,
    address,
    certificate_of,
    fetch,
    number,
    openssl_verdict,
    serials,
)
from tests.enrollment.test_revocation import foreign_keyring
from tests.factories import ACTOR, signing_certificate

REASONS = IssuedCertificate.RevocationReason.values
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2049, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
ENTRIES = st.lists(
    st.builds(Entry, st.integers(1, 2**152 - 1), MOMENTS, st.sampled_from(REASONS)), unique_by=lambda e: e.serial
)
DAY = timedelta(days=1)


def pure_issuer() -> Issuer:
    """An issuer without a database."""
    made = make_authority("CA", "Tests", now=now(), days=365)
    return Issuer(1, "CA", made.certificate, made.private_key, (), "", "", frozenset(), "", "")


AUTHORITY = pure_issuer()


class ProfileTests(unittest.TestCase):
    def issuer(self) -> Issuer:
        return AUTHORITY

    @hypothesis_settings(deadline=None, max_examples=40)
    @given(ENTRIES, st.integers(1, 2**62), MOMENTS)
    def test_t17_whatever_was_revoked_stands_there_with_date_and_reason(self, entries, its_number, at) -> None:
        signed = revocation_list.sign(self.issuer(), its_number, entries, at)
        read = x509.load_der_x509_crl(signed.der)
        found = {e.serial_number: (e.revocation_date_utc, reason_of(e)) for e in read}
        self.assertEqual(found, {e.serial: (e.at.replace(microsecond=0), e.reason) for e in entries})
        self.assertEqual((number(read), signed.size), (its_number, len(entries)))

    def test_t17_its_fields_are_those_of_rfc_5280(self) -> None:
        at = now().replace(microsecond=5)
        signed = revocation_list.sign(self.issuer(), 7, [], at)
        read, issuer = x509.load_der_x509_crl(signed.der), self.issuer().certificate
        self.assertEqual(read.issuer, issuer.subject)
        self.assertTrue(read.is_signature_valid(issuer.public_key()))
        at = at.replace(microsecond=0)
        self.assertEqual((read.last_update_utc, read.next_update_utc), (at - timedelta(minutes=5), at + 7 * DAY))
        kinds = [(type(e.value).__name__, e.critical) for e in read.extensions]
        self.assertEqual(kinds, [("AuthorityKeyIdentifier", False), ("CRLNumber", False)])
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        self.assertEqual(read.extensions[0].value.key_identifier, identifier)

    def test_an_issuer_without_key_identifier_is_identified_by_its_key(self) -> None:
        issuer = self.issuer()
        bare = _without_extensions(issuer)
        read = x509.load_der_x509_crl(revocation_list.sign(bare, 1, [], now()).der)
        expected = x509.SubjectKeyIdentifier.from_public_key(issuer.certificate.public_key()).digest
        self.assertEqual(read.extensions[0].value.key_identifier, expected)

    def test_a_list_signed_by_another_key_is_withheld(self) -> None:
        forged = replace(self.issuer(), private_key=pure_issuer().private_key)
        with self.assertRaises(ProfileViolation):
            revocation_list.sign(forged, 1, [], now())

    def test_a_list_signed_with_another_hash_is_withheld(self) -> None:
        with (
            mock.patch.object(revocation_list, "signature_hash", return_value=hashes.SHA512()),
            self.assertRaisesRegex(ProfileViolation, "signature algorithm"),
        ):
            revocation_list.sign(self.issuer(), 1, [], now())

    def test_a_list_with_another_entry_than_meant_is_withheld(self) -> None:
        """As many as were meant, under a good signature: another serial, moment or reason."""
        meant = revocation_list.Entry(5, now(), "keyCompromise")
        for lie in (replace(meant, serial=6), replace(meant, at=now() - DAY), replace(meant, reason="superseded")):
            issuer = self.issuer()
            der = revocation_list.sign(issuer, 1, [lie], now()).der
            read = x509.load_der_x509_crl(der)
            period = (read.last_update_utc, read.next_update_utc)
            expected = revocation_list.Expected(issuer.certificate, 1, period, 1)
            entries = [revocation_list._entry(meant)]
            with self.assertRaisesRegex(ProfileViolation, "profile: entries"):
                revocation_list._require_profile(der, expected, entries)


def _without_extensions(issuer: Issuer) -> Issuer:
    certificate = issuer.certificate
    builder = x509.CertificateBuilder(
        certificate.issuer, certificate.subject, certificate.public_key(), certificate.serial_number,
        certificate.not_valid_before_utc.replace(tzinfo=None), certificate.not_valid_after_utc.replace(tzinfo=None),
    )  # fmt: skip
    bare = builder.sign(issuer.private_key, certificate.signature_hash_algorithm)
    return replace(issuer, certificate=bare)


def reason_of(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return "unspecified"


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
    """What the database refuses, whoever asks."""

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


class AddressTests(RevocationTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.plain = Client()
        self.crl, self.cer = address(self.issuer), f"/pki/{self.issuer.pk}.cer"

    def test_both_are_der_public_cacheable_and_touch_no_session(self) -> None:
        for path, kind, age in ((self.crl, "application/pkix-crl", 30), (self.cer, "application/pkix-cert", 3600)):
            response = self.plain.get(path)
            self.assertEqual((response.status_code, response["Content-Type"]), (200, kind))
            self.assertEqual(response["Cache-Control"], f"public, max-age={age}")
            self.assertEqual((dict(response.cookies), response.headers.get("Vary")), ({}, None))
        self.assertEqual(self.plain.get(self.cer).content, bytes(self.issuer.der))

    def test_the_address_in_the_certificate_leads_to_the_list(self) -> None:
        certificate = x509.load_pem_x509_certificate(self.first.certificate.encode())
        (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        self.assertEqual(point.full_name[0].value, f"http://portal.example.com{self.crl}")

    def test_who_holds_the_newest_is_told_so_without_it(self) -> None:
        for path in (self.crl, self.cer):
            held = self.plain.get(path)
            again = self.plain.get(path, headers={"If-None-Match": held["ETag"]})
            self.assertEqual((again.status_code, again.content), (304, b""))
            self.assertEqual((again["ETag"], again["Cache-Control"]), (held["ETag"], held["Cache-Control"]))
            self.assertEqual(self.plain.get(path, headers={"If-None-Match": '"0"'}).status_code, 200)

    def test_d04_a_revocation_changes_the_etag(self) -> None:
        held = self.plain.get(self.crl)["ETag"]
        operations.revoke_edge(self.edge, reason="unspecified", actor=ACTOR)
        self.assertEqual(self.plain.get(self.crl, headers={"If-None-Match": held}).status_code, 200)

    def test_head_answers_as_get_without_a_body(self) -> None:
        for path in (self.crl, self.cer):
            get, head = self.plain.get(path), self.plain.head(path)
            self.assertEqual((head.status_code, head.content), (200, b""))
            self.assertEqual([head[name] for name in ("ETag", "Content-Type")], [get["ETag"], get["Content-Type"]])
            self.assertEqual(self.plain.post(path).status_code, 405)

    def test_an_unknown_issuer_is_a_plain_404(self) -> None:
        for issuer_id in (0, 999_999, 10**30):
            for kind in ("crl", "cer"):
                response = self.plain.get(f"/pki/{issuer_id}.{kind}")
                self.assertEqual((response.status_code, response["Content-Type"]), (404, "text/plain"))

    def test_the_list_of_a_vendors_certificate_is_made_here_too(self) -> None:
        root = signing_certificate("Root")
        self.assertTrue(root.managed)
        self.assertEqual(len(fetch(root)), 0)

    def test_a_list_that_cannot_be_made_is_503_and_not_tried_at_each_request(self) -> None:
        with foreign_keyring():
            with self.assertLogs("enrollment.operations.revocation_lists", "ERROR") as logged:
                responses = [self.plain.get(self.crl) for _ in range(3)]
            self.assertEqual({(r.status_code, r["Retry-After"]) for r in responses}, {(503, "30")})
            self.assertEqual(len(logged.records), 1)
        self.assertEqual(self.plain.get(self.crl).status_code, 200)

    def test_a_list_that_cannot_be_renewed_is_given_out_and_tried_once_in_a_while(self) -> None:
        fetch(self.issuer)
        with foreign_keyring(), self.assertLogs("enrollment.operations.revocation_lists", "ERROR") as logged:
            operations.revoke_edge(self.edge, reason="unspecified", actor=ACTOR)
            self.assertEqual({self.plain.get(self.crl).status_code for _ in range(5)}, {200})
            self.assertEqual(len(logged.records), 2, "by the revocation, and by one of the requests")

    def test_the_lists_of_an_issuer_without_key_are_made_elsewhere(self) -> None:
        foreign = make_issuer("Foreign")
        SigningCertificate.objects.filter(pk=foreign.pk).update(sealed_private_key=None, sealed_with=None)
        self.assertContains(self.plain.get(address(foreign)), "made elsewhere", status_code=404)

    def test_a_request_for_a_current_list_costs_three_queries(self) -> None:
        fetch(self.issuer)
        with self.assertNumQueries(3):
            self.plain.get(self.crl)

    def test_it_is_what_the_database_holds(self) -> None:
        listed = fetch(self.issuer).public_bytes(Encoding.DER)
        self.assertEqual(bytes(RevocationList.objects.get(issuer=self.issuer).der), listed)
