"""Across modules: D-01, pkilint and OpenSSL check what the portal signs: leaves, chains, renewals, lists.

Certificates of CAs come from keys, the others from this package.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from enrollment import operations
from enrollment.models import IssuedCertificate
from enrollment.operations.answer import Enrolled
from enrollment.revocation_reasons import RevocationReason
from keys.crypto.ca_certificates import make_authority
from keys.errors import Invalid
from keys.models import ProvisioningKey
from keys.operations import edit_key
from tests.enrollment.base import EnrollmentTestCase, make_issuer, now
from tests.enrollment.revocation import fetch
from tests.factories import ACTOR, EDGE, make_csr, make_key, make_managed, signing_certificate
from tests.fuzz.issuances import EDGE_KEYS, Issuance, findings, issuer_of, openssl_findings, random_issuances
from tests.support import pkilint

# What was signed is looked at, whichever database keeps it.
pytestmark = pytest.mark.once
SEED = 20261127
SOME = 10


class RandomTests(EnrollmentTestCase):
    def test_d01_random_issuances_have_no_finding(self) -> None:
        """`make fuzz` does the same 500 times."""
        chance = random.Random(SEED)
        for number, made in enumerate(random_issuances(chance, SOME)):
            self.assertEqual(findings(made, chance), [], f"issuance {number}")


class StoredTests(EnrollmentTestCase):
    def assert_clean(self, enrolled: Enrolled) -> None:
        """Leaf, chain and trust anchor of the answer."""
        chain = [der_of(pem) for pem in (enrolled.certificate, *enrolled.chain, enrolled.trust_anchor)]
        self.assertEqual(pkilint.chain_findings(chain), [])
        self.assertEqual(openssl_findings(Issuance(None, enrolled, chain)), [])  # type: ignore[arg-type]

    def test_d01_enrollment_and_renewal_of_each_kind_of_key_under_each_kind_of_issuer(self) -> None:
        long_ago = now() - timedelta(days=70)
        for kind in ("EC P-256", "EC P-384", "RSA 3072"):
            issuer = make_issuer(kind, key_type=kind, at=long_ago - timedelta(days=9))
            _, text = make_key(max_uses=9, signing_certificate=issuer)
            for edge_kind in ("P-256", "P-384", "RSA 2048"):
                with self.subTest(kind, edge=edge_kind):
                    enrolled = self.enroll(text, make_csr(EDGE_KEYS[edge_kind]()), at=long_ago)
                    self.assert_clean(enrolled)
                    old = IssuedCertificate.objects.select_related("edge__group").latest("id")
                    self.assert_clean(operations.renew(old, make_csr(), caller=EDGE))

    def test_d01_a_root_that_signs_itself_and_the_preloaded_ones(self) -> None:
        self.assert_clean(self.enroll(self.text))
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        key.signing_certificate = signing_certificate("Root")
        edit_key(key, fields=["signing_certificate"], version=key.version, actor=ACTOR)
        self.assert_clean(self.enroll(self.text))

    def test_d01_the_published_list_of_each_issuer(self) -> None:
        for kind in ("EC P-256", "EC P-384", "RSA 3072"):
            key, text = make_key(max_uses=9, signing_certificate=make_issuer(kind, key_type=kind))
            for reason in RevocationReason:
                self.enroll(text)
                operations.revoke_certificate(IssuedCertificate.objects.latest("id"), reason=reason, actor=ACTOR)
            listed = fetch(key.signing_certificate)
            self.assertEqual(len(listed), 4)
            self.assertEqual(pkilint.list_findings(listed.public_bytes(Encoding.DER)), [])

    def test_a_common_name_of_more_than_64_bytes_is_refused_and_an_edges_never_is_one(self) -> None:
        """X.520 allows 64 characters. An edge's is a UUID, an issuer's is typed."""
        for name in ("n" * 65, "ü" * 33):
            with self.subTest(name), self.assertRaises(ValueError):
                make_authority(name, "Tests", now=now(), days=9)
            with self.subTest(name), self.assertRaises(Invalid) as refused:
                make_managed(certificates=[{"name": name, "years": 1}])
            self.assertIn("64 bytes", str(refused.exception))


class NoticedTests(EnrollmentTestCase):
    """The linters really run: they find a fault."""

    def test_an_address_that_is_no_https_one_is_found(self) -> None:
        names = [x509.UniformResourceIdentifier("urn:uuid:4f8cb05e-7c8d-4a5c-9f5e-2d4d8b9a6f01")]
        der = self.signed(x509.SubjectAlternativeName(names))
        self.assertTrue(pkilint.certificate_findings(der))

    def test_a_certificate_of_another_issuer_is_found(self) -> None:
        der = self.signed(x509.OCSPNoCheck())
        other = issuer_of("EC P-384", "")[0].certificate.public_bytes(Encoding.DER)
        self.assertTrue(any("signature" in finding for finding in pkilint.link_findings(other, der)))

    def test_a_certificate_that_serves_servers_is_found(self) -> None:
        der = self.signed(
            x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH, x509.ExtendedKeyUsageOID.SERVER_AUTH])
        )
        root = issuer_of("EC P-256", "")[0].certificate.public_bytes(Encoding.DER)
        issued = self.enroll(self.text)
        found = openssl_findings(Issuance(None, issued, [der, root]))  # type: ignore[arg-type]
        self.assertIn("accepted for servers", found)

    def signed(self, value: Any) -> bytes:
        issuer = issuer_of("EC P-256", "")[0]
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        skid = x509.SubjectKeyIdentifier.from_public_key(issuer.private_key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "edge")]))
            .issuer_name(issuer.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now() - timedelta(days=1))
            .not_valid_after(now() + timedelta(days=9))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(skid), critical=False)
            .add_extension(value, critical=False)
        )
        return builder.sign(issuer.private_key, hashes.SHA256()).public_bytes(Encoding.DER)


def der_of(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
