"""What tests of revocation share: the list as a relying party fetches it, and OpenSSL's check of a certificate."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import Client

from enrollment.endpoints import pki as pki_views
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations.answer import Enrolled
from keys.models import SigningCertificate
from tests.enrollment.base import EnrollmentTestCase


def address(issuer: SigningCertificate) -> str:
    return f"/pki/{issuer.pk}.crl"


def fetch(issuer: SigningCertificate) -> x509.CertificateRevocationList:
    """The list at its address, over plain http and without a session."""
    response = Client().get(address(issuer))
    assert response.status_code == 200, response.content
    return x509.load_der_x509_crl(response.content)


def serials(listed: x509.CertificateRevocationList) -> set[str]:
    return {f"{entry.serial_number:x}" for entry in listed}


def number(listed: x509.CertificateRevocationList) -> int:
    return listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def certificate_of(enrolled: Enrolled) -> IssuedCertificate:
    return IssuedCertificate.objects.get(edge__uuid=enrolled.edge_uuid)


def openssl_verdict(enrolled: Enrolled, lists: list[x509.CertificateRevocationList]) -> str:
    """The result of `openssl verify -crl_check_all`: `OK`, or its error."""
    with tempfile.TemporaryDirectory() as directory:
        paths = {name: Path(directory) / f"{name}.pem" for name in ("edge", "chain", "anchor", "crls")}
        paths["edge"].write_text(enrolled.certificate)
        paths["chain"].write_text("".join(enrolled.chain))
        paths["anchor"].write_text(enrolled.trust_anchor)
        paths["crls"].write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in lists))
        command = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-crl_check_all"]
        command += ["-CAfile", str(paths["anchor"]), "-CRLfile", str(paths["crls"])]
        command += ["-untrusted", str(paths["chain"]), str(paths["edge"])]
        result = subprocess.run(command, capture_output=True, text=True)
    return "OK" if result.returncode == 0 else result.stdout + result.stderr


class RevocationTestCase(EnrollmentTestCase):
    """Two edges of one key, and the issuer of both."""

    def setUp(self) -> None:
        super().setUp()
        pki_views.failed.reset()
        self.first, self.second = self.enroll(self.text), self.enroll(self.text)
        self.issuer = self.key.signing_certificate

    @property
    def edge(self) -> ServiceEdge:
        """The first edge."""
        return certificate_of(self.first).edge
