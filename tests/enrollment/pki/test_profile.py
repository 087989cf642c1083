"""The profile of edge certificates (security design §2.6): each field by itself, and each difference named."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import TestCase

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import IntegrityError, transaction

from enrollment.models import IssuedCertificate
from enrollment.pki import profile
from keys.crypto.ca_certificates import KEY_TYPES, Authority, make_authority, may_sign, random_serial
from portal import triggers
from tests.enrollment.base import EnrollmentTestCase, make_issuer, now
from tests.factories import make_key, make_private_key

NOW = now().replace(microsecond=0)
EDGE = str(uuid.uuid4())


def make_expected(authority: Authority, key: Any) -> profile.Expected:
    extensions = [
        *profile.issuer_extensions(authority.certificate, "http://p/pki/1.crl", "http://p/pki/1.cer"),
        *profile.edge_extensions(key, profile.edge_uri("api.example.com", EDGE)),
    ]
    period = (NOW - timedelta(minutes=5), NOW + timedelta(days=90))
    return profile.Expected(profile.subject_of("4711", "7", EDGE), key, authority.certificate, period, extensions)


def sign(expected: profile.Expected, signer: Any, digest: Any = None, serial: int = 0) -> bytes:
    builder = (
        x509.CertificateBuilder(extensions=[x509.Extension(v.oid, critical, v) for v, critical in expected.extensions])
        .subject_name(expected.subject)
        .issuer_name(expected.issuer.subject)
        .public_key(expected.public_key)
        .serial_number(serial or random_serial())
        .not_valid_before(expected.period[0])
        .not_valid_after(expected.period[1])
    )
    return builder.sign(signer, digest or hashes.SHA256()).public_bytes(Encoding.DER)


class FaultTests(TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.ca = make_authority("CA", "Tests", now=NOW, days=365)
        cls.key = make_private_key().public_key()
        cls.expected = make_expected(cls.ca, cls.key)

    def faults(self, der: bytes, expected: profile.Expected | None = None) -> list[str]:
        return list(profile.faults(der, expected or self.expected))

    def signed(self, **changes: Any) -> bytes:
        return sign(replace(self.expected, **changes), self.ca.private_key)

    def test_what_is_meant_has_no_fault_whatever_signs_and_is_signed(self) -> None:
        for kind in KEY_TYPES:
            ca = make_authority("CA", "Tests", now=NOW, days=365, key_type=kind)
            for key in (self.key, ec.generate_private_key(ec.SECP384R1()).public_key()):
                expected = make_expected(ca, key)
                digest = hashes.SHA384() if kind == "EC P-384" else hashes.SHA256()
                self.assertEqual(self.faults(sign(expected, ca.private_key, digest), expected), [], kind)

    def test_each_name_and_key_that_differs_is_named(self) -> None:
        stranger = make_authority("Stranger", "Tests", now=NOW, days=365)
        self.assertEqual(self.faults(self.signed(subject=profile.subject_of("4711", "8", EDGE))), ["subject"])
        self.assertEqual(self.faults(self.signed(public_key=make_private_key().public_key())), ["public key"])
        self.assertEqual(self.faults(self.signed(issuer=stranger.certificate)), ["issuer", "signature"])

    def test_a_signature_of_another_key_is_named(self) -> None:
        self.assertEqual(self.faults(sign(self.expected, make_private_key())), ["signature"])
        rsa_key = rsa.generate_private_key(65537, 2048)
        self.assertEqual(self.faults(sign(self.expected, rsa_key)), ["signature algorithm", "signature"])

    def test_another_hash_is_named_though_its_signature_is_good(self) -> None:
        for digest in (hashes.SHA512(), hashes.SHA384()):
            self.assertEqual(
                self.faults(sign(self.expected, self.ca.private_key, digest)), ["signature algorithm"], digest.name
            )

    def test_a_flipped_bit_in_the_signature_is_named(self) -> None:
        der = bytearray(self.signed())
        der[-1] ^= 1
        self.assertEqual(self.faults(bytes(der)), ["signature"])

    def test_a_serial_of_another_shape_is_named(self) -> None:
        for serial in (1, 0x3F << 144, 0x80 << 144, 1 << 158):
            with self.subTest(hex(serial)):
                self.assertEqual(self.faults(sign(self.expected, self.ca.private_key, serial=serial)), ["serial"])

    def test_another_period_is_named(self) -> None:
        first, last = self.expected.period
        for period in ((first - timedelta(seconds=1), last), (first, last + timedelta(seconds=1))):
            self.assertEqual(self.faults(self.signed(period=period)), ["validity"])

    def test_a_period_outside_the_issuers_is_named_even_when_meant(self) -> None:
        first, last = self.ca.certificate.not_valid_before_utc, self.ca.certificate.not_valid_after_utc
        for period in ((first - timedelta(seconds=1), last), (first, last + timedelta(seconds=1))):
            meant = replace(self.expected, period=period)
            self.assertEqual(self.faults(sign(meant, self.ca.private_key), meant), ["validity within the issuer's"])

    def test_each_extension_that_is_missing_added_moved_or_of_other_weight_is_named(self) -> None:
        sound = self.expected.extensions
        wrong = [sound[:at] + sound[at + 1 :] for at in range(len(sound))]
        wrong += [[*sound[:at], (sound[at][0], not sound[at][1]), *sound[at + 1 :]] for at in range(len(sound))]
        wrong += [[*sound, (x509.OCSPNoCheck(), False)], sound[::-1]]
        for extensions in wrong:
            self.assertEqual(self.faults(self.signed(extensions=extensions)), ["extensions"])

    def test_each_extension_with_another_value_is_named(self) -> None:
        others: list[x509.ExtensionType] = [
            x509.BasicConstraints(ca=True, path_length=None),
            x509.KeyUsage(True, False, True, False, False, False, False, False, False),
            x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH, x509.ExtendedKeyUsageOID.SERVER_AUTH]),
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"https://elsewhere.example/edges/{EDGE}")]),
            x509.SubjectAlternativeName([x509.DNSName("edge.example")]),
            x509.SubjectKeyIdentifier(b"x" * 20),
            x509.AuthorityKeyIdentifier(b"x" * 20, None, None),
            *(value for value, _ in profile.issuer_extensions(self.ca.certificate, "http://e/1.crl", "http://e/1")[4:]),
        ]
        for other in others:
            extensions = [
                (other, weight) if type(v) is type(other) else (v, weight) for v, weight in self.expected.extensions
            ]
            self.assertEqual(self.faults(self.signed(extensions=extensions)), ["extensions"])

    def test_a_certificate_of_more_than_4_kib_is_named(self) -> None:
        meant = replace(
            self.expected,
            extensions=[
                *self.expected.extensions,
                (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"x" * profile.LARGEST_DER), False),
            ],
        )
        self.assertEqual(self.faults(sign(meant, self.ca.private_key), meant), ["size"])

    def test_an_issuer_without_key_identifier_is_identified_by_its_key(self) -> None:
        certificate = self.ca.certificate
        bare = (
            x509.CertificateBuilder()
            .subject_name(certificate.subject)
            .issuer_name(certificate.subject)
            .public_key(certificate.public_key())
            .serial_number(7)
            .not_valid_before(certificate.not_valid_before_utc)
            .not_valid_after(certificate.not_valid_after_utc)
            .sign(self.ca.private_key, hashes.SHA256())
        )
        identifiers = [profile.authority_identifier(each) for each in (certificate, bare)]
        self.assertEqual(identifiers[0], identifiers[1])

    def test_what_is_no_certificate_is_named(self) -> None:
        for der in (b"", b"\x30\x00", self.signed()[:-1], self.signed() + b"\0"):
            self.assertEqual(self.faults(der), ["encoding"])


class NotYetTests(EnrollmentTestCase):
    """An issuer that is not valid yet, or has expired, signs nothing."""

    def test_d03_an_issuer_signs_from_its_first_second_on(self) -> None:
        issuer = make_issuer(days=30)
        _, text = make_key(signing_certificate=issuer)
        self.assert_refused("issuer_unavailable", text, at=issuer.not_before - timedelta(seconds=1))
        enrolled = self.enroll(text, at=issuer.not_before)
        # Not five minutes before it.
        self.assertEqual(enrolled.not_before, issuer.not_before)

    def test_may_sign(self) -> None:
        first, last = NOW, NOW + timedelta(days=2)
        day, second = timedelta(days=1), timedelta(seconds=1)
        for at, may in ((first - second, False), (first, True), (last - day, True), (last - day + second, False)):
            self.assertEqual(may_sign(first, last, at), may)


class SerialTests(EnrollmentTestCase):
    def test_d02_the_database_takes_no_serial_of_an_issuer_twice(self) -> None:
        self.enroll(self.text)
        self.enroll(self.text)
        first, second = IssuedCertificate.objects.order_by("id")
        triggers.drop_all()
        with self.assertRaises(IntegrityError), transaction.atomic():
            IssuedCertificate.objects.filter(pk=second.pk).update(serial=first.serial)
