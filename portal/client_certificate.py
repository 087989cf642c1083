"""The TLS client certificate that a trusted proxy verified and passes in a header, in the format of any common proxy.

docs/proxies.md lists the formats: PEM, URL-encoded or with spaces for line ends; base64 of DER, also between colons
(RFC 9440); Envoy's pairs. The chain may follow the certificate.
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

# CLIENT_CERT_HEADER=none: no proxy passes certificates.
OFF = "none"
# No underscore: deploy/gunicorn.conf.py refuses such headers, because WSGI cannot distinguish `_` from `-`.
_NAME = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
# Headers with another meaning, and RFC 9440's chain, which does not contain the certificate itself.
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
    """Whether CLIENT_CERT_HEADER may be `header`."""
    return bool(_NAME.fullmatch(header)) and header.lower() not in _TAKEN


def environ_name() -> str:
    """The header's key in the WSGI environ."""
    return "HTTP_" + settings.CLIENT_CERT_HEADER.upper().replace("-", "_")


def client_certificate(request: HttpRequest) -> str:
    """The client's certificate in PEM; empty without one, or when no trusted proxy sent the request.

    The proxy must verify the certificate and must set or remove the header in every request: the portal cannot check
    that. Raises ValueError as `leaf` does.
    """
    if settings.CLIENT_CERT_HEADER.lower() == OFF or not from_trusted_proxy(request):
        return ""
    value = request.META.get(environ_name(), "")
    return "" if unquote(value).strip() in _NOTHING else leaf(value.strip())


def leaf(value: str) -> str:
    """The client's own certificate in PEM: the first one, when all that follow are CAs. Raises ValueError otherwise.

    WSGI joins repeated headers with commas. If the client sent the header too and the proxy only added its own, the
    result looks like a chain. The check for CAs detects that, because no edge's certificate is a CA.
    """
    ders = _envoy_ders(value) if _ENVOY.match(value) else _ders(unquote(value))
    try:
        own, *above = [x509.load_der_x509_certificate(der) for der in ders]
        is_chain = all(map(_is_authority, above))
    except _UNREADABLE:
        raise ValueError("not a certificate") from None
    if not is_chain:
        raise ValueError("more than one client's certificate")
    return own.public_bytes(Encoding.PEM).decode()


def _envoy_ders(value: str) -> list[bytes]:
    """The DER of each certificate in Envoy's `Chain`, or in `Cert` without one. There may be only one element."""
    (pairs,) = header_pairs.parse(value)
    (cert,) = [_ders(unquote(text)) for name, text in pairs if name == "cert"] or [[]]
    (chain,) = [_ders(unquote(text)) for name, text in pairs if name == "chain"] or [[]]
    if cert and chain and cert != chain[:1]:
        raise ValueError("the chain belongs to another certificate")
    return chain or cert


def _ders(text: str) -> list[bytes]:
    """The DER of each certificate in PEM, or in a comma-separated list of base64."""
    if "-----" not in text:
        return [_decoded(item) for item in text.split(",")]
    # An empty header of the proxy, joined with a header of the client, is an empty item in the list.
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
