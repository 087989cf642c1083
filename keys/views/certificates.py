"""Enrollment certificates: the list, and what one of them is."""

from __future__ import annotations

import ssl
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import list_state
from keys.models import SigningCertificate
from keys.paging import capped_count, paginate
from keys.presentation import distinguished_name, expiry, stamp
from keys.tables import CERTIFICATE_ORDERS, CertificateTable, heads
from keys.views.access import requires

NOT_ALLOWED = "You can't view enrollment certificates. Ask an administrator for the Viewer role."
SHOWN_KEYS = 20
_LISTED = (
    "name", "sort_name", "managed", "enabled", "parent__name", "issuer", "subject", "common_name", "created_at",
    "not_after",
)  # fmt: skip


@require_safe
@requires("keys.view_signingcertificate", NOT_ALLOWED)
def certificate_list(request: HttpRequest) -> HttpResponse:
    state = list_state.read(request.GET, sortable=CERTIFICATE_ORDERS, default_sort="name")
    found: QuerySet[Any] = SigningCertificate.objects.select_related("parent").only(*_LISTED)
    page, now = paginate(found, CERTIFICATE_ORDERS[state.column], state), timezone.now()
    rows = [{"created": stamp(each.created_at), **_described(each, now)} for each in page.rows]
    context = {"page": page, "noun": "certificate", "rows": rows, "heads": heads(CertificateTable, state)}
    return render(request, "keys/certificate_list.html", context)


@require_safe
@requires("keys.view_signingcertificate", NOT_ALLOWED)
def certificate_detail(request: HttpRequest, pk: int) -> HttpResponse:
    found = SigningCertificate.objects.select_related("parent").defer(
        "sealed_private_key", "parent__der", "parent__sealed_private_key"
    )
    certificate = found.filter(pk=pk).first()
    if certificate is None:
        raise Http404
    context = {
        "not_before": stamp(certificate.not_before),
        "created": stamp(certificate.created_at),
        "serial": colons(certificate.serial.zfill(len(certificate.serial) + len(certificate.serial) % 2)),
        "fingerprint": colons(certificate.fingerprint),
        "pem": ssl.DER_cert_to_PEM_cert(bytes(certificate.der)),
        **_described(certificate, timezone.now()),
        **_keys(request, certificate),
    }
    return render(request, "keys/certificate_detail.html", context)


def _described(certificate: SigningCertificate, now: datetime) -> dict[str, Any]:
    return {
        "certificate": certificate,
        "subject": distinguished_name(certificate.subject),
        "issuer": distinguished_name(certificate.issuer),
        "expires": stamp(certificate.not_after),
        "badge": expiry(certificate.not_after, now),
    }


def _keys(request: HttpRequest, certificate: SigningCertificate) -> dict[str, Any]:
    """The keys that use a certificate: how many, and the first by age."""
    if not request.user.has_perm("keys.view_provisioningkey"):
        return {}
    users = certificate.keys.only("name")
    return {"key_count": capped_count(users), "keys": users.order_by("id")[:SHOWN_KEYS]}


def colons(digits: str) -> str:
    """Hexadecimal digits as people compare them: `3F:A0:…`."""
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)).upper()
