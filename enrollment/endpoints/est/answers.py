"""The answers to EST clients: base64 without line breaks, and refusals as one line of text.

Common clients stop reading headers at 1,024 bytes and cannot parse base64 with line breaks. Most show their user only
the status.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from django.http import HttpResponse

from enrollment.errors import REFUSALS, Refusal, Refused
from enrollment.operations.answer import Enrolled

CERTIFICATES = "application/pkcs7-mime"
ISSUED = "application/pkcs7-mime; smime-type=certs-only"
ATTRIBUTES = "application/csrattrs"
# SEQUENCE { ecdsa-with-SHA256, ecPublicKey { secp256r1 } }: the recommended key and signature (RFC 7030 §4.5.2).
CSR_ATTRIBUTES = bytes.fromhex("302106082a8648ce3d040302301506072a8648ce3d0201310a06082a8648ce3d030107")
_BASIC = 'Basic realm="provisioning key", charset="UTF-8"'
# No registered scheme stands for a TLS client certificate. With Basic, the client would send its key without need.
_CERTIFICATE = 'ClientCertificate realm="edge"'
_UNAUTHORIZED = "Authenticate with any user name and the whole provisioning key as password."
_NO_CERTIFICATE = "Connect with the edge's certificate as TLS client certificate. Without one use simpleenroll."
_FOR_A_CERTIFICATE = frozenset({"certificate_required", "unknown_certificate"})
_OWN: dict[str, Refusal] = {
    # The key is the password, so a bad key is a failed authentication.
    "malformed_key": replace(REFUSALS["malformed_key"], status=401),
    "wrong_cloud": replace(REFUSALS["wrong_cloud"], status=401),
    "unknown_certificate": replace(
        REFUSALS["unknown_certificate"], detail="Connect with the certificate of an edge of this portal."
    ),
    "renewal_not_due": replace(
        REFUSALS["renewal_not_due"], detail="Come back when a third of the certificate's life is left."
    ),
    "malformed_request": replace(REFUSALS["malformed_request"], detail="Send the CSR as body, without query string."),
    "unsupported_media_type": replace(
        REFUSALS["unsupported_media_type"], detail="Send Content-Type: application/pkcs10."
    ),
    "csr_malformed": replace(REFUSALS["csr_malformed"], detail="Send one CSR (PKCS #10) in base64 or PEM."),
}


def certificates(ders: Iterable[bytes]) -> HttpResponse:
    """CA certificates as certs-only PKCS #7 (RFC 7030 §4.1.3). There must be at least one."""
    found = [x509.load_der_x509_certificate(der) for der in ders]
    return _encoded(pkcs7.serialize_certificates(found, Encoding.DER), CERTIFICATES)


def issued(result: Enrolled) -> HttpResponse:
    """The issued certificate (RFC 7030 §4.2.3): 200, also when it is new."""
    certificate = x509.load_pem_x509_certificate(result.certificate.encode())
    response = _encoded(pkcs7.serialize_certificates([certificate], Encoding.DER), ISSUED)
    if result.replayed:
        response["Enrollment-Replay"] = "true"
    return response


def attributes() -> HttpResponse:
    """The attributes that a CSR should have (RFC 7030 §4.5.2)."""
    return _encoded(CSR_ATTRIBUTES, ATTRIBUTES)


def refusal(refused: Refused, wait: int | None = None) -> HttpResponse:
    """A refusal as a status and a line with the code and the reason. `wait` is in seconds."""
    answer = _OWN.get(refused.code, refused.refusal)
    response = text(answer.status, refused.code, refused.fault or answer.detail)
    if wait is not None:
        response["Retry-After"] = str(wait)
    return response


def challenge() -> HttpResponse:
    """The 401 that asks for credentials."""
    return text(401, "credentials_required", _UNAUTHORIZED)


def certificate_required() -> HttpResponse:
    """The 401 that asks for a TLS client certificate, which needs a new connection."""
    return text(401, "certificate_required", _NO_CERTIFICATE)


def text(status: int, code: str, detail: str) -> HttpResponse:
    """One line of plain text. A 401 has a WWW-Authenticate header (RFC 9110 §15.5.2)."""
    response = HttpResponse(f"{code}: {detail}\n", content_type="text/plain; charset=utf-8", status=status)
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = _CERTIFICATE if code in _FOR_A_CERTIFICATE else _BASIC
    return response


def _encoded(der: bytes, content_type: str) -> HttpResponse:
    return HttpResponse(base64.b64encode(der), content_type=content_type, headers={"Cache-Control": "no-store"})
