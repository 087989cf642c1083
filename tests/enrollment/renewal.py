"""What tests of renewal share: requests signed with an edge's current key, and an edge whose renewal is due."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from enrollment import operations
from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations import signing
from keys.models import ProvisioningKey
from keys.operations import edit_certificate, edit_key
from portal.models import AuditEvent
from tests.enrollment.base import EnrollmentTestCase, make_issuer, now
from tests.factories import ACTOR, EDGE, make_csr, make_private_key

LATER = timedelta(days=70)

RENEW, HEARTBEAT = "/enrollment/v1/renew", "/enrollment/v1/heartbeat"


def sign(private_key: Any, text: str) -> str:
    """Base64 of the signature over the UTF-8 bytes of `text`."""
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        signature = private_key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    else:
        signature = private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def moment(at: datetime | None = None) -> str:
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def signed_body(
    private_key: Any, certificate: str, content: str, *, name: str = "csr", purpose: str = "psek-renew-v1", at: str = ""
) -> str:
    """The JSON of a renewal, or of a heartbeat with `name` body and its own purpose."""
    at = at or moment()
    signature = sign(private_key, f"{purpose}\n{at}\n{content}")
    return json.dumps({"certificate": certificate, name: content, "issued_at": at, "signature": signature})


@contextmanager
def changed_while_signing(change: Callable[[], object]) -> Iterator[None]:
    """A block in which `change` is made after a certificate was signed and before it is recorded."""
    real = signing.sign

    def sign(*arguments: Any) -> Any:
        signed = real(*arguments)
        with mock.patch.object(signing, "sign", real):
            change()
        return signed

    with mock.patch.object(signing, "sign", sign):
        yield


class RenewalTestCase(EnrollmentTestCase):
    """An edge that enrolled 70 days ago with `private_key`; `first` is the answer it got, `old` its row."""

    def setUp(self) -> None:
        super().setUp()
        self.private_key = make_private_key()
        self.first = self.enroll(self.text, make_csr(self.private_key), at=now() - LATER)
        self.old = self.row(self.first.certificate)

    def disable_issuer(self) -> None:
        """The key gets another signing certificate, which is then disabled."""
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        key.signing_certificate = issuer = make_issuer()
        edit_key(key, fields=["signing_certificate"], version=key.version, actor=ACTOR)
        issuer.enabled = False
        edit_certificate(issuer, fields=["enabled"], version=issuer.version, actor=ACTOR)

    @staticmethod
    def row(pem: str) -> IssuedCertificate:
        serial = f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:x}"
        return IssuedCertificate.objects.select_related("edge__group").get(serial=serial)

    def renew(self, csr: str | None = None, *, old: IssuedCertificate | None = None) -> Any:
        fresh = IssuedCertificate.objects.select_related("edge__group").get(pk=(old or self.old).pk)
        return operations.renew(fresh, csr or make_csr(), caller=EDGE)

    def assert_not_renewed(self, code: str, csr: str | None = None, **options: Any) -> None:
        """The renewal is refused with this code, nothing is issued, and the refusal is recorded once."""
        before, known = IssuedCertificate.objects.count(), AuditEvent.objects.count()
        with self.assertRaises(Refused) as refused:
            self.renew(csr, **options)
        self.assertEqual(refused.exception.code, code)
        self.assertEqual(IssuedCertificate.objects.count(), before)
        (event,) = AuditEvent.objects.order_by("id")[known:]
        self.assertEqual((event.action, event.reason, event.object_kind), ("edge.refused", code, "edge"))
