"""A request signed with the private key of a certificate we issued: the frame of renewal and heartbeat. Pure.

The signed text is `<purpose>\\n<issued_at>\\n<content>`, with SHA-256; ECDSA signatures are DER, RSA ones PKCS #1 v1.5,
which is what `openssl dgst -sha256 -sign` makes. No nonce is kept: a request that is repeated within the ten minutes
has the effect of the first, or replaces a renewal that its edge has not shown yet and that names another group by now.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from enrollment.errors import Refused

RENEW, HEARTBEAT = "psek-renew-v1", "psek-heartbeat-v1"
CLOCKS_MAY_DIFFER = timedelta(minutes=10)
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The four members as sent; `content` is the CSR of a renewal or the body of a heartbeat."""

    certificate: str = field(repr=False)
    content: str = field(repr=False)
    issued_at: str
    signature: str = field(repr=False)


def require(sent: SignedRequest, purpose: str, certificate: x509.Certificate, now: datetime) -> None:
    """Check the signature with the key of `certificate`, then the clock.

    Raises Refused: unknown_certificate (the same answer as for a certificate we do not know) or clock_differs.
    """
    try:
        signed = f"{purpose}\n{sent.issued_at}\n{sent.content}".encode()
        _verify(certificate.public_key(), base64.b64decode(sent.signature, validate=True), signed)
    except (InvalidSignature, binascii.Error, ValueError):
        raise Refused("unknown_certificate") from None
    if abs(_moment(sent.issued_at) - now) > CLOCKS_MAY_DIFFER:
        raise Refused("clock_differs")


def _verify(key: object, signature: bytes, signed: bytes) -> None:
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        raise InvalidSignature


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        raise Refused("clock_differs") from None
