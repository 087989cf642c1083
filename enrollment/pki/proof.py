"""Requests signed with the private key of an edge's certificate: renewals and heartbeats. Pure.

The signed text is `<purpose>\\n<issued_at>\\n<content>`. The signature is SHA-256 with ECDSA (DER) or RSA (PKCS #1
v1.5), as `openssl dgst -sha256 -sign` makes it. No nonce is stored, because a repeated request does no harm: within
the ten minutes it has the effect of the first. Only a renewal that its edge has not used yet is replaced, when the
edge's group has changed meanwhile.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256

from enrollment.errors import Refused
from enrollment.pki import key_policy

RENEW, HEARTBEAT = "psek-renew-v1", "psek-heartbeat-v1"
CLOCKS_MAY_DIFFER = timedelta(minutes=10)
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The four members of the request. `content` is the CSR of a renewal or the body of a heartbeat."""

    certificate: str = field(repr=False)
    content: str = field(repr=False)
    issued_at: str
    signature: str = field(repr=False)


def require(sent: SignedRequest, purpose: str, certificate: x509.Certificate, now: datetime) -> None:
    """Check the signature with the key of `certificate`, then the time.

    Raises Refused: unknown_certificate for a wrong signature, as for an unknown certificate, or clock_differs.
    """
    try:
        signed = f"{purpose}\n{sent.issued_at}\n{sent.content}".encode()
        signature = base64.b64decode(sent.signature, validate=True)
        key_policy.verify(certificate.public_key(), signature, signed, SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        raise Refused("unknown_certificate") from None
    try:
        issued_at = datetime.strptime(sent.issued_at, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        raise Refused("clock_differs") from None
    if abs(issued_at - now) > CLOCKS_MAY_DIFFER:
        raise Refused("clock_differs")
