"""The TLS client certificate that a trusted proxy verified and hands over in a header."""

from __future__ import annotations

import re
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest

from portal.client_ip import from_trusted_proxy

# CLIENT_CERT_HEADER=none: no proxy here hands over certificates.
OFF = "none"
# No underscore: gunicorn refuses such names, because they can pose as others.
_NAME = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
# What means something else already.
_TAKEN = frozenset({"host", "authorization", "content-type", "content-length", "cookie", "connection", "forwarded"})


def is_usable(header: str) -> bool:
    """Whether CLIENT_CERT_HEADER may have this name."""
    name = header.lower()
    return bool(_NAME.fullmatch(name)) and name not in _TAKEN and not name.startswith(("x-forwarded-", "x-request-"))


def variable() -> str:
    """The name under which WSGI has the header."""
    return "HTTP_" + settings.CLIENT_CERT_HEADER.upper().replace("-", "_")


def client_certificate(request: HttpRequest) -> str:
    """The certificate in PEM as nginx's $ssl_client_escaped_cert has it; empty without one or without such a proxy.

    The proxy must have verified it and must overwrite the header in every request: nothing here can tell.
    """
    if settings.CLIENT_CERT_HEADER.lower() == OFF or not from_trusted_proxy(request):
        return ""
    return unquote(request.META.get(variable(), "")).strip()
