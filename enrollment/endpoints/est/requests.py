"""Reading what an EST client sends: the key from Basic authentication, the CSR from the body."""

from __future__ import annotations

import base64
import binascii

from django.http import HttpRequest

from enrollment.endpoints.requests import EnrollRequest, read_body
from enrollment.errors import Refused

MEDIA_TYPE = "application/pkcs10"
_SEQUENCE = b"\x30"
_PEM = "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n"


def _basic(request: HttpRequest) -> str:
    """The parameter of a Basic Authorization header; empty when there is none (RFC 7617)."""
    scheme, _, parameter = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return parameter.strip() if scheme.lower() == "basic" else ""


def has_credentials(request: HttpRequest) -> bool:
    """Whether there is a user name and password to judge; some clients send them only when asked."""
    return bool(_basic(request))


def read_enroll(request: HttpRequest) -> EnrollRequest:
    """The enrollment request. Raises Refused: malformed_key, unsupported_media_type and those of `read_body`."""
    body = read_body(request)
    return EnrollRequest(_password(_basic(request)), _csr(request, body))


def read_renew(request: HttpRequest) -> str:
    """The CSR of a renewal. An Authorization header is not looked at. Raises as `read_enroll`, but for the key."""
    return _csr(request, read_body(request))


def _csr(request: HttpRequest, body: bytes) -> str:
    if request.content_type != MEDIA_TYPE:
        raise Refused("unsupported_media_type")
    return _as_pem(body)


def _password(parameter: str) -> str:
    """What follows the first colon. No key holds one, so a key in the user name's place is not taken for a password."""
    try:
        _, colon, password = base64.b64decode(parameter, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Refused("malformed_key") from None
    if not colon:
        raise Refused("malformed_key")
    return password


def _as_pem(body: bytes) -> str:
    """The CSR as the operation takes it: bare base64 (RFC 8951 §3.1) gets its PEM lines, PEM stays as it is.

    So does DER itself, which some clients send: no base64 of a request starts with its first byte. Nothing is judged
    here, so that a key is judged first; Content-Transfer-Encoding is not read (RFC 8951 §3.1).
    """
    if body[:1] == _SEQUENCE:
        return _PEM.format(base64.b64encode(body).decode())
    text = body.decode("utf-8-sig", errors="replace")
    return text if "-----BEGIN" in text else _PEM.format(text.strip())
