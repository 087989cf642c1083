"""The TLS client certificate that a trusted proxy verified and hands over in a header, however the proxy writes it.

docs/proxies.md has the forms: PEM, URL-encoded or with spaces for its line ends, base64 of DER (also between colons,
RFC 9440), and Envoy's pairs; the certificate alone or followed by those above it.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.http import HttpRequest

from portal import header_pairs
from portal.client_ip import from_trusted_proxy

# CLIENT_CERT_HEADER=none: no proxy here hands over certificates.
OFF = "none"
# No underscore: gunicorn refuses such names, because they can pose as others.
_NAME = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
# What means something else already, and the chain of RFC 9440, which does not hold the certificate itself.
_TAKEN = frozenset(
    {
        "host", "authorization", "content-type", "content-length", "cookie", "connection", "forwarded", "x-request-id",
        "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-server",
        "x-forwarded-prefix", "client-cert-chain",
    }
)  # fmt: skip
# Apache writes (null) where there is no certificate.
_NOTHING = frozenset({"", "(null)"})
_BLOCK = re.compile(r"-----BEGIN[ +]CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END[ +]CERTIFICATE-----")
_ENVOY = re.compile(r"(by|hash|cert|chain|subject|uri|dns)=", re.IGNORECASE)
_UNREADABLE = (
    ValueError, TypeError, KeyError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip


def is_usable(header: str) -> bool:
    """Whether CLIENT_CERT_HEADER may have this name."""
    return bool(_NAME.fullmatch(header)) and header.lower() not in _TAKEN


def variable() -> str:
    """The name under which WSGI has the header."""
    return "HTTP_" + settings.CLIENT_CERT_HEADER.upper().replace("-", "_")


def client_certificate(request: HttpRequest) -> str:
    """The client's certificate in PEM; empty without one or without such a proxy. Raises ValueError as `leaf` does.

    The proxy must have verified it and must overwrite the header in every request: nothing here can tell.
    """
    if settings.CLIENT_CERT_HEADER.lower() == OFF or not from_trusted_proxy(request):
        return ""
    value = request.META.get(variable(), "")
    return "" if unquote(value).strip() in _NOTHING else leaf(value.strip())


def leaf(value: str) -> str:
    """The client's own certificate in PEM: the first one, when all that follow it are CAs.

    Raises ValueError for anything else. Two headers arrive as one list, so a claim of the client beside the word of
    the proxy would look like a chain; but no edge's certificate is a CA.
    """
    ders = _from_pairs(value) if _ENVOY.match(value) else _ders(unquote(value))
    try:
        own, *above = [x509.load_der_x509_certificate(der) for der in ders]
        is_chain = all(map(_is_authority, above))
    except _UNREADABLE:
        raise ValueError("not a certificate") from None
    if not is_chain:
        raise ValueError("more than one client's certificate")
    return own.public_bytes(Encoding.PEM).decode()


def _from_pairs(value: str) -> list[bytes]:
    """`Cert` or `Chain`, which begins with the same certificate, of the only element (Envoy)."""
    (pairs,) = header_pairs.parse(value)
    (cert,) = [_ders(unquote(text)) for name, text in pairs if name == "cert"] or [[]]
    (chain,) = [_ders(unquote(text)) for name, text in pairs if name == "chain"] or [[]]
    if cert and chain and cert != chain[:1]:
        raise ValueError("the chain belongs to another certificate")
    return chain or cert


def _ders(text: str) -> list[bytes]:
    """The DER of each certificate in PEM, or of each base64 text in a list."""
    if "-----" not in text:
        return [_decoded(item) for item in text.split(",")]
    # Where an empty header of the proxy stands beside that of a client, an empty item stands in the list.
    if _BLOCK.sub("", text).strip(" \t\r\n,") or not all(item.strip() for item in text.split(",")):
        raise ValueError("something beside certificates")
    return [_decoded(body) for body in _BLOCK.findall(text)]


def _decoded(text: str) -> bytes:
    compact = "".join(text.split())
    if len(compact) > 1 and compact.startswith(":") and compact.endswith(":"):
        compact = compact[1:-1]
    return base64.b64decode(compact, validate=True)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
