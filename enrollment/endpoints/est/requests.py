"""Parsing the requests of EST clients: the key from Basic authentication, the CSR from the body."""

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
    """The parameter of a Basic Authorization header (RFC 7617), or ""."""
    scheme, _, parameter = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return parameter.strip() if scheme.lower() == "basic" else ""


def has_credentials(request: HttpRequest) -> bool:
    """Whether the request has a user name and password. Some clients send them only after a 401."""
    return bool(_basic(request))


def read_enroll(request: HttpRequest) -> EnrollRequest:
    """The enrollment request. Raises Refused: malformed_key, unsupported_media_type and those of `read_body`."""
    body = read_body(request)
    return EnrollRequest(_password(_basic(request)), _csr(request, body))


def read_renew(request: HttpRequest) -> str:
    """The CSR of a renewal. An Authorization header is ignored.

    Raises Refused: unsupported_media_type and those of `read_body`.
    """
    return _csr(request, read_body(request))


def _csr(request: HttpRequest, body: bytes) -> str:
    if request.content_type != MEDIA_TYPE:
        raise Refused("unsupported_media_type")
    return _as_pem(body)


def _password(parameter: str) -> str:
    """The text after the first colon. A key has no colon, so a key as user name is not taken for a password."""
    try:
        _, colon, password = base64.b64decode(parameter, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Refused("malformed_key") from None
    if not colon:
        raise Refused("malformed_key")
    return password


def _as_pem(body: bytes) -> str:
    """The CSR as PEM. Base64 (RFC 8951 §3.1) and DER get the BEGIN and END lines; PEM stays unchanged.

    Some clients send DER. Its first byte, "0", is not the first character of any request in base64. The CSR is not
    judged here, because the key is judged first. Content-Transfer-Encoding is ignored (RFC 8951 §3.1).
    """
    if body[:1] == _SEQUENCE:
        return _PEM.format(base64.b64encode(body).decode())
    text = body.decode("utf-8-sig", errors="replace")
    return text if "-----BEGIN" in text else _PEM.format(text.strip())
