"""An edge that signs with its current key, as `openssl dgst -sha256 -sign` does."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

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
