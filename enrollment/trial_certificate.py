"""A test certificate below a CA, made as an edge's is, so that a CA is tried before it is stored."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.urls import reverse

from enrollment.pki import issuance
from keys.crypto.ca_certificates import Authority, PrivateKey


def make(authority: Authority, now: datetime) -> tuple[x509.Certificate, PrivateKey]:
    """A certificate and its private key; nothing is stored. Raises ValueError when it violates the profile."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = issuance.Issuer(
        id=0,
        name="",
        certificate=authority.certificate,
        private_key=authority.private_key,
        chain=(),
        trust_anchor="",
        fingerprint="",
        authority_keys=frozenset(),
        crl_url=settings.PORTAL_URL + reverse("enrollment:revocation-list", args=[2**63]),
        certificate_url=settings.PORTAL_URL + reverse("enrollment:issuer-certificate", args=[2**63]),
    )
    identity = issuance.Identity(uuid.uuid4(), settings.CUSTOMER_ID, str(2**63), settings.CLOUD_DOMAIN)
    try:
        issued = issuance.issue(key.public_key(), identity, issuer, timedelta(days=settings.EDGE_CERTIFICATE_DAYS), now)
    except issuance.ProfileViolation as error:
        raise ValueError(str(error)) from None
    return x509.load_der_x509_certificate(issued.der), key
