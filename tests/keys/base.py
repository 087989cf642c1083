"""Signing certificates made by the operations: generated, requested, created."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone

from keys import operations
from keys.crypto import ca_certificates
from keys.models import SigningCertificate
from tests.factories import ACTOR


def generated(name: str = "Own", parent: SigningCertificate | None = None, **fields) -> SigningCertificate:
    record = SigningCertificate(name=name, parent=parent)
    operations.generate_certificate(record, **{"key_type": "EC P-256", "days": 365, **fields}, actor=ACTOR)
    return record


def requested(name: str = "Own") -> tuple[SigningCertificate, bytes]:
    record = SigningCertificate(name=name)
    operations.request_certificate(record, key_type="EC P-384", actor=ACTOR)
    return record, x509.load_der_x509_csr(bytes(record.request)).public_bytes(Encoding.PEM)


def make_certificate(name: str = "Own CA") -> SigningCertificate:
    record = SigningCertificate(name=name)
    authority = ca_certificates.make_authority(name, "An organization", now=timezone.now(), days=365)
    operations.create_certificate(record, authority, actor=ACTOR)
    return record
