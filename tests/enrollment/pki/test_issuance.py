"""The edge's certificate: every field of its profile, and OpenSSL's check of it."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from django.conf import settings

from enrollment.models import IssuedCertificate
from enrollment.operations import issuers
from enrollment.operations.answer import Enrolled
from enrollment.pki import issuance
from enrollment.pki.key_policy import spki
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import edit_key
from tests.enrollment.base import EnrollmentTestCase, make_issuer, now
from tests.factories import ACTOR, make_csr, make_key, make_private_key, signing_certificate

AT = now().replace(microsecond=987654)
ON_THE_SECOND = AT.replace(microsecond=0)


def certificate_of(enrolled: Enrolled) -> x509.Certificate:
    return x509.load_pem_x509_certificate(enrolled.certificate.encode())


class ProfileTests(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.private_key = make_private_key()
        self.enrolled = self.enroll(self.text, make_csr(self.private_key, subject="mallory"), at=AT)
        self.certificate = certificate_of(self.enrolled)
        self.issuer = self.key.signing_certificate

    def value(self, kind: type[Any]) -> Any:
        return self.certificate.extensions.get_extension_for_class(kind).value

    def test_version_signature_and_public_key(self) -> None:
        self.assertIs(self.certificate.version, x509.Version.v3)
        self.assertEqual(self.certificate.signature_hash_algorithm.name, "sha256")
        self.assertEqual(spki(self.certificate.public_key()), spki(self.private_key.public_key()))
        issuer = x509.load_der_x509_certificate(bytes(self.issuer.der))
        self.certificate.verify_directly_issued_by(issuer)

    def test_serial_is_19_bytes_with_the_top_bit_clear(self) -> None:
        raw = self.certificate.serial_number.to_bytes(20)
        self.assertTrue(raw[0] == 0 and 0x40 <= raw[1] <= 0x7F)

    def test_subject_is_customer_group_and_edge_and_never_the_requested_one(self) -> None:
        names = [(attribute.oid, attribute.value) for attribute in self.certificate.subject]
        expected = [
            (NameOID.ORGANIZATION_NAME, settings.CUSTOMER_ID),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, str(self.key.group_id)),
            (NameOID.COMMON_NAME, str(self.enrolled.edge_uuid)),
        ]
        self.assertEqual(names, expected)
        self.assertIsInstance(self.enrolled.edge_uuid, UUID)
        self.assertEqual(self.enrolled.edge_uuid.version, 4)

    def test_exactly_these_extensions_are_there_and_these_two_critical(self) -> None:
        found = {type(extension.value).__name__: extension.critical for extension in self.certificate.extensions}
        expected = {
            "BasicConstraints": True, "KeyUsage": True, "ExtendedKeyUsage": False, "SubjectAlternativeName": False,
            "SubjectKeyIdentifier": False, "AuthorityKeyIdentifier": False, "CRLDistributionPoints": False,
            "AuthorityInformationAccess": False,
        }  # fmt: skip
        self.assertEqual(found, expected)

    def test_it_is_no_ca_and_serves_for_client_authentication_alone(self) -> None:
        self.assertFalse(self.value(x509.BasicConstraints).ca)
        self.assertEqual(list(self.value(x509.ExtendedKeyUsage)), [ExtendedKeyUsageOID.CLIENT_AUTH])
        usage = self.value(x509.KeyUsage)
        self.assertTrue(usage.digital_signature)
        self.assertFalse(usage.key_cert_sign or usage.crl_sign or usage.key_encipherment or usage.key_agreement)

    def test_the_only_alternative_name_is_the_edges_address(self) -> None:
        names = list(self.value(x509.SubjectAlternativeName))
        uri = f"https://{settings.CLOUD_DOMAIN}/edges/{self.enrolled.edge_uuid}"
        self.assertEqual(names, [x509.UniformResourceIdentifier(uri)])

    def test_key_identifiers_and_addresses(self) -> None:
        issuer = x509.load_der_x509_certificate(bytes(self.issuer.der))
        own = x509.SubjectKeyIdentifier.from_public_key(self.private_key.public_key())
        self.assertEqual(self.value(x509.SubjectKeyIdentifier), own)
        issuer_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        self.assertEqual(self.value(x509.AuthorityKeyIdentifier).key_identifier, issuer_id.digest)
        address = f"{settings.PKI_URL}/pki/{self.issuer.pk}"
        (point,) = self.value(x509.CRLDistributionPoints)
        self.assertEqual(point.full_name, [x509.UniformResourceIdentifier(f"{address}.crl")])
        (access,) = self.value(x509.AuthorityInformationAccess)
        self.assertEqual(access.access_method, AuthorityInformationAccessOID.CA_ISSUERS)
        self.assertEqual(access.access_location.value, f"{address}.cer")

    def test_it_is_valid_from_five_minutes_ago_for_90_days_less_a_second(self) -> None:
        self.assertEqual(self.certificate.not_valid_before_utc, ON_THE_SECOND - timedelta(minutes=5))
        end = ON_THE_SECOND + timedelta(days=90) - timedelta(seconds=1)
        self.assertEqual(self.certificate.not_valid_after_utc, end)
        self.assertEqual(
            (self.enrolled.not_before, self.enrolled.not_after), (self.certificate.not_valid_before_utc, end)
        )

    def test_it_is_renewed_when_a_third_of_its_life_is_left(self) -> None:
        life = self.enrolled.not_after - self.enrolled.not_before
        self.assertEqual(self.enrolled.not_after - self.enrolled.renew_after, life / 3)

    def test_the_row_holds_what_the_certificate_says(self) -> None:
        row = IssuedCertificate.objects.get()
        self.assertEqual(bytes(row.der), self.certificate.public_bytes(Encoding.DER))
        self.assertEqual(row.serial, f"{self.certificate.serial_number:x}")
        self.assertEqual(row.not_before, self.certificate.not_valid_before_utc)
        self.assertEqual(row.not_after, self.certificate.not_valid_after_utc)
        self.assertEqual((row.issuer, row.edge.uuid), (self.issuer, self.enrolled.edge_uuid))

    def test_openssl_accepts_it_for_clients_strictly_and_not_for_servers(self) -> None:
        for purpose, accepted in (("sslclient", True), ("sslserver", False)):
            with self.subTest(purpose):
                self.assertEqual(_openssl_verifies(self.enrolled, purpose), accepted)


class RequestedTests(EnrollmentTestCase):
    def test_c06_whatever_is_requested_the_certificate_is_the_same_kind(self) -> None:
        private_key = make_private_key()
        wanted = [
            (x509.BasicConstraints(ca=False, path_length=None), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CODE_SIGNING]), True),
            (x509.SubjectKeyIdentifier(b"mine"), False),
        ]
        certificate = certificate_of(self.enroll(self.text, make_csr(private_key, extensions=wanted)))
        values = {type(extension.value): extension.value for extension in certificate.extensions}
        self.assertFalse(values[x509.BasicConstraints].ca)
        self.assertEqual(list(values[x509.ExtendedKeyUsage]), [ExtendedKeyUsageOID.CLIENT_AUTH])
        own = x509.SubjectKeyIdentifier.from_public_key(private_key.public_key())
        self.assertEqual(values[x509.SubjectKeyIdentifier], own)

    def test_every_kind_of_edge_key_gets_a_certificate_openssl_accepts(self) -> None:
        for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
            with self.subTest(type(key).__name__):
                self.assertTrue(_openssl_verifies(self.enroll(self.text, make_csr(key)), "sslclient"))


class IssuerTests(EnrollmentTestCase):
    def test_every_kind_of_issuer_signs_what_openssl_accepts(self) -> None:
        for kind in ("EC P-384", "RSA 3072"):
            with self.subTest(kind):
                _, text = make_key(signing_certificate=make_issuer(kind, key_type=kind))
                enrolled = self.enroll(text)
                self.assertTrue(_openssl_verifies(enrolled, "sslclient"))
                expected = "sha384" if kind == "EC P-384" else "sha256"
                self.assertEqual(certificate_of(enrolled).signature_hash_algorithm.name, expected)

    def test_d03_a_certificate_never_outlives_its_issuer(self) -> None:
        issuer = make_issuer(days=30)
        _, text = make_key(signing_certificate=issuer)
        enrolled = self.enroll(text)
        self.assertEqual(certificate_of(enrolled).not_valid_after_utc, issuer.not_after)
        self.assertEqual(enrolled.not_after, issuer.not_after)

    def test_d03_an_issuer_with_less_than_a_day_left_signs_nothing(self) -> None:
        issuer = make_issuer(days=30)
        _, text = make_key(signing_certificate=issuer)
        last_moment = issuer.not_after - timedelta(days=1)
        self.assert_refused("issuer_unavailable", text, at=last_moment + timedelta(seconds=1))
        self.assert_refused("issuer_unavailable", text, at=issuer.not_after + timedelta(days=1))
        self.assertEqual(self.refusal(text, at=last_moment), "")

    def test_the_chain_starts_with_the_issuer_and_ends_before_the_trust_anchor(self) -> None:
        enrolled = self.enroll(self.text)
        chain = [x509.load_pem_x509_certificate(pem.encode()) for pem in (*enrolled.chain, enrolled.trust_anchor)]
        self.assertEqual(len(chain), 2)
        certificate_of(enrolled).verify_directly_issued_by(chain[0])
        chain[0].verify_directly_issued_by(chain[1])
        self.assertEqual(chain[1].subject, chain[1].issuer)

    def test_a_root_that_signs_edges_itself_has_no_chain(self) -> None:
        signing_certificate()
        _, text = make_key(signing_certificate=SigningCertificate.objects.get(name="Root"))
        enrolled = self.enroll(text)
        self.assertEqual(enrolled.chain, ())
        self.assertTrue(_openssl_verifies(enrolled, "sslclient"))

    def test_the_trust_anchor_is_what_the_key_pins(self) -> None:
        from keys.crypto import ca_certificates, tokens

        anchor = x509.load_pem_x509_certificate(self.enroll(self.text).trust_anchor.encode())
        self.assertEqual(tokens.read(self.text, {settings.CLOUD_DOMAIN}).pin, ca_certificates.spki_sha256(anchor))

    def test_a_key_moved_to_another_issuer_chains_to_it_at_once(self) -> None:
        self.enroll(self.text)
        other = make_issuer("Other")
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        key.signing_certificate = other
        edit_key(key, fields=["signing_certificate"], version=key.version, actor=ACTOR)
        self.assertEqual(certificate_of(self.enroll(self.text)).issuer.rfc4514_string(), other.subject)

    def test_an_issuer_whose_private_key_is_another_is_not_used(self) -> None:
        """A writer of the table replaces the certificate of the sealed key."""
        one, other = make_issuer("One"), make_issuer("Two")
        _, text = make_key(signing_certificate=one)
        type(one).objects.filter(pk=one.pk).update(der=bytes(other.der))
        self.assert_refused("signer_unavailable", text)


class WithheldTests(EnrollmentTestCase):
    """A certificate that differs from the profile is never released: the builder gets one wrong field at a time."""

    def issue(self, builder: Any) -> None:
        issuer = issuers.get(self.key.signing_certificate_id, self.key.signing_certificate.fingerprint)
        identity = issuance.Identity(UUID(int=7), "4711", "1", "api.example.com")
        with mock.patch.object(x509, "CertificateBuilder", builder):
            issuance.issue(make_private_key().public_key(), identity, issuer, timedelta(days=90), now())

    def test_the_honest_builder_passes(self) -> None:
        self.issue(x509.CertificateBuilder)

    def test_every_lie_is_noticed(self) -> None:
        stranger = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")])
        lies = {
            "subject_name": stranger,
            "issuer_name": stranger,
            "public_key": make_private_key().public_key(),
            "serial_number": 1,
            "not_valid_before": now() - timedelta(days=1),
            "not_valid_after": now() + timedelta(days=89),
        }
        for method, value in lies.items():
            with self.subTest(method), self.assertRaises(issuance.ProfileViolation):
                self.issue(_lying(method, value))

    def test_an_extension_too_few_or_too_many_is_noticed(self) -> None:
        for skip, add in ((x509.ExtendedKeyUsage, None), (None, x509.OCSPNoCheck())):
            with self.subTest(skip), self.assertRaises(issuance.ProfileViolation):
                self.issue(_with_other_extensions(skip, add))

    def test_a_signature_with_another_key_or_hash_is_noticed(self) -> None:
        for signer, digest in ((make_private_key(), hashes.SHA256()), (None, hashes.SHA512())):
            with self.subTest(digest.name), self.assertRaises(issuance.ProfileViolation):
                self.issue(_signing_with(signer, digest))

    def test_a_withheld_certificate_is_signer_unavailable_and_costs_nothing(self) -> None:
        with mock.patch.object(x509, "CertificateBuilder", _lying("serial_number", 1)):
            self.assert_refused("signer_unavailable", self.text)

    def test_no_private_key_stands_in_a_repr(self) -> None:
        issuer = issuers.get(self.key.signing_certificate_id, self.key.signing_certificate.fingerprint)
        self.assertNotIn("private_key", repr(issuer))
        self.assertNotIn("private_key", repr(replace(issuer, name="copy")))


def _lying(method: str, value: Any) -> type[x509.CertificateBuilder]:
    honest = getattr(x509.CertificateBuilder, method)

    class Lying(_Chained):
        pass

    setattr(Lying, method, lambda self, _: Lying(honest(self.inner, value)))
    return Lying


def _with_other_extensions(skip: Any, add: Any) -> type[Any]:
    class Other(_Chained):
        def add_extension(self, value: Any, critical: bool) -> Any:
            return self if skip and isinstance(value, skip) else Other(self.inner.add_extension(value, critical))

        def sign(self, *arguments: Any) -> x509.Certificate:
            inner = self.inner.add_extension(add, False) if add else self.inner
            return inner.sign(*arguments)

    return Other


def _signing_with(signer: Any, digest: hashes.HashAlgorithm) -> type[Any]:
    class Other(_Chained):
        def sign(self, key: Any, _: Any) -> x509.Certificate:
            return self.inner.sign(signer or key, digest)

    return Other


class _Chained:
    """A certificate builder that returns itself from each call."""

    def __init__(self, inner: x509.CertificateBuilder | None = None) -> None:
        self.inner = inner or _HonestBuilder()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)

        def call(*arguments: Any) -> Any:
            result = method(*arguments)
            return type(self)(result) if isinstance(result, _HonestBuilder) else result

        return call


_HonestBuilder = x509.CertificateBuilder


def _openssl_verifies(enrolled: Enrolled, purpose: str) -> bool:
    with tempfile.TemporaryDirectory() as directory:
        root, chain, leaf = (Path(directory) / name for name in ("root.pem", "chain.pem", "leaf.pem"))
        root.write_text(enrolled.trust_anchor)
        chain.write_text("".join(enrolled.chain))
        leaf.write_text(enrolled.certificate)
        at = str(int(enrolled.not_before.timestamp()) + 600)
        command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-attime", at, "-CAfile", str(root)]
        between = ["-untrusted", str(chain)] if enrolled.chain else []
        return subprocess.run([*command, *between, str(leaf)], capture_output=True).returncode == 0
