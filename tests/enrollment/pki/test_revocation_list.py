"""The contents of a revocation list: entries, fields and signature, without a database."""

from __future__ import annotations

import unittest
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from enrollment.pki import revocation_list
from enrollment.pki.issuance import Issuer, ProfileViolation
from enrollment.pki.revocation_list import Entry
from enrollment.revocation_reasons import RevocationReason
from keys.crypto.ca_certificates import make_authority
from tests.enrollment.base import now
from tests.enrollment.revocation import (
    number,
)

REASONS = RevocationReason.values
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


def reason_of(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return "unspecified"


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
        """The right number of entries under a good signature, with another serial, time or reason."""
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
