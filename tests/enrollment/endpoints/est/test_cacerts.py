"""Across modules: GET /.well-known/est/cacerts and csrattrs (RFC 7030 §4.1, §4.5), public, without credentials.

The tests of EST have a file for each address, which requests, doors, views and answers serve together.
"""

from __future__ import annotations

import base64
import subprocess
from datetime import timedelta
from typing import Any
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection
from django.test.utils import CaptureQueriesContext

from enrollment.endpoints.est import answers
from keys.models import SigningCertificate
from tests.enrollment.base import make_issuer, now
from tests.enrollment.endpoints.est.base import EST, EstTestCase, basic, certificates_in


class CacertsTests(EstTestCase):
    def get(self, address: str, **extra: Any) -> Any:
        response = self.client.get(f"{EST}/{address}", **extra)
        self.assert_lean(response)
        return response

    def names(self, address: str) -> list[str]:
        return [certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value for certificate in
                certificates_in(self.get(address))]  # fmt: skip

    def test_all_signing_certificates_in_force_are_there(self) -> None:
        response = self.get("cacerts")
        self.assertEqual((response.status_code, response["Content-Type"]), (200, "application/pkcs7-mime"))
        self.assertRegex(response.content.decode(), r"\A[A-Za-z0-9+/]+={0,2}\Z")
        sent = {certificate.public_bytes(Encoding.DER) for certificate in certificates_in(response)}
        self.assertEqual(sent, {bytes(record.der) for record in SigningCertificate.objects.all()})
        self.assertEqual(len(sent), 4)

    def test_a_label_narrows_them_to_one_chain(self) -> None:
        edge = SigningCertificate.objects.get(name="Service Edge")
        self.assertEqual(set(self.names(f"{edge.pk}/cacerts")), {"Service Edge", "Root"})
        self.assertEqual(self.names(f"{edge.parent_id}/cacerts"), ["Root"])

    def test_expired_ones_are_left_out_and_disabled_ones_are_not(self) -> None:
        """A disabled certificate signs nothing new, but the edges it signed are still verified."""
        make_issuer("Gone", days=30, at=now() - timedelta(days=60))
        make_issuer("Kept")
        SigningCertificate.objects.filter(name="Kept").update(enabled=False)
        names = self.names("cacerts")
        self.assertIn("Kept", names)
        self.assertNotIn("Gone", names)

    def test_the_issued_certificate_verifies_against_them(self) -> None:
        issued = self.assert_admitted(self.est(self.text))
        found = {certificate.subject: certificate for certificate in certificates_in(self.get("cacerts"))}
        issued.verify_directly_issued_by(found[issued.issuer])
        issuer = found[issued.issuer]
        issuer.verify_directly_issued_by(found[issuer.issuer])

    def test_without_any_certificate_it_is_404(self) -> None:
        with mock.patch("enrollment.endpoints.est.views.timezone.now", return_value=now() + timedelta(days=40 * 365)):
            self.assert_says(self.get("cacerts"), 404, "no_certificates")

    def test_credentials_are_not_needed_and_not_looked_at(self) -> None:
        """RFC 7030 §4.1.2, §4.5.1: servers should not require authentication."""
        for header in ("Basic %%%", basic("x"), basic(self.text), "Bearer x"):
            self.assertEqual(self.get("cacerts", HTTP_AUTHORIZATION=header).status_code, 200)
            self.assertEqual(self.get("csrattrs", HTTP_AUTHORIZATION=header).status_code, 200)

    def test_head_tells_the_length_and_sends_nothing(self) -> None:
        for name in ("cacerts", "csrattrs"):
            whole, head = self.client.get(f"{EST}/{name}"), self.client.head(f"{EST}/{name}")
            self.assertEqual((head.status_code, head["Content-Length"]), (200, whole["Content-Length"]))

    def test_no_private_key_is_read(self) -> None:
        edge = SigningCertificate.objects.get(name="Service Edge")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            self.client.get(f"{EST}/cacerts")
            self.assertEqual(len(queries), 1)
            self.client.get(f"{EST}/{edge.pk}/cacerts")
            self.assertLessEqual(len(queries), 3)
        self.assertNotIn('"sealed_private_key"', " ".join(query["sql"] for query in queries))


class CsrattrsTests(EstTestCase):
    def test_it_asks_for_p_256_and_sha_256(self) -> None:
        """RFC 7030 §4.5.2: a signature algorithm as OID, a kind of key as attribute."""
        for address in ("csrattrs", f"{self.key.signing_certificate_id}/csrattrs"):
            response = self.client.get(f"{EST}/{address}")
            self.assert_lean(response)
            self.assertEqual((response.status_code, response["Content-Type"]), (200, "application/csrattrs"))
            der = base64.b64decode(response.content, validate=True)
            shown = subprocess.run(
                ["openssl", "asn1parse", "-inform", "DER"], input=der, capture_output=True, check=True
            ).stdout.decode()
            objects = [line.rpartition(":")[2] for line in shown.splitlines() if "OBJECT" in line]
            self.assertEqual(objects, ["ecdsa-with-SHA256", "id-ecPublicKey", "prime256v1"])

    def test_the_bytes_are_canonical(self) -> None:
        self.assertEqual(len(answers.CSR_ATTRIBUTES), answers.CSR_ATTRIBUTES[1] + 2)

    def test_a_csr_made_to_it_is_admitted(self) -> None:
        certificate = self.assert_admitted(self.est(self.text))
        point = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.assertIn(answers.CSR_ATTRIBUTES[-10:], point)
