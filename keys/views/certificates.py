"""Enrollment certificates: the list, and what one of them is."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

from django.db.models import DateTimeField, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import acceptance, certificate_use, list_state, trust
from keys.models import SigningCertificate
from keys.paging import capped_count, paginate
from keys.presentation import colons, distinguished_name, expiry, stamp
from keys.tables import CERTIFICATE_ORDERS, CertificateTable, heads
from keys.views.access import requires
from keys.views.certificate_access import NOT_ALLOWED, VIEW, get_certificate

SHOWN_KEYS = 20
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_LISTED = (
    "name", "sort_name", "managed", "enabled", "description", "parent__name", "issuer", "subject", "common_name",
    "created_at", "not_before", "not_after", "serial", "fingerprint", "key_type", "sealed_with",
)  # fmt: skip


@require_safe
@requires(VIEW, NOT_ALLOWED)
def certificate_list(request: HttpRequest) -> HttpResponse:
    state = list_state.read(request.GET, sortable=CERTIFICATE_ORDERS, default_sort="name")
    found: QuerySet[Any] = SigningCertificate.objects.select_related("parent").only(*_LISTED)
    ends = Coalesce("not_after", Value(_NEVER, output_field=DateTimeField()))
    page, now = paginate(found.annotate(ends=ends), CERTIFICATE_ORDERS[state.column], state), timezone.now()
    counts, strangers = certificate_use.counts([each.pk for each in page.rows], now), trust.strangers()
    shows_keys = request.user.has_perm("keys.view_provisioningkey")
    context = {
        "page": page,
        "noun": "certificate",
        "state": state,
        "rows": [
            {
                "open": state.is_open(each.pk),
                "key_count": counts[each.pk][0] if shows_keys else "",
                "live": counts[each.pk][1],
                **_described(each, now, strangers),
            }
            for each in page.rows
        ],
        "closed_pairs": list(state.opened(everything=False).pairs()),
        "heads": heads(CertificateTable, state),
    }
    return render(request, "keys/certificate_list.html", context)


@require_safe
@requires(VIEW, NOT_ALLOWED)
def certificate_detail(request: HttpRequest, pk: int) -> HttpResponse:
    certificate, now = get_certificate(pk), timezone.now()
    context = {
        **_described(certificate, now, trust.strangers()),
        **_keys(request, certificate),
        "live": certificate_use.counts([pk], now)[pk][1],
    }
    if not certificate.is_pending:
        context["flaw"] = acceptance.flaw(certificate, now)
        context["pem"] = ssl.DER_cert_to_PEM_cert(bytes(certificate.der))
    return render(request, "keys/certificate_detail.html", context)


def _described(certificate: SigningCertificate, now: datetime, strangers: dict[int, int]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "certificate": certificate,
        "subject": distinguished_name(certificate.subject),
        "created": stamp(certificate.created_at),
        "signs": certificate.sealed_with is not None,
        "is_stranger": certificate.pk in strangers and certificate.sealed_with is not None,
    }
    if certificate.is_pending:
        return described
    return described | {
        "issuer": distinguished_name(certificate.issuer),
        "not_before": stamp(certificate.not_before),
        "expires": stamp(certificate.not_after),
        "badge": expiry(certificate.not_after, now),
        "serial": colons(certificate.serial),
        "fingerprint": colons(certificate.fingerprint),
    }


def _keys(request: HttpRequest, certificate: SigningCertificate) -> dict[str, Any]:
    """The keys that use a certificate: how many, and the first by age."""
    if not request.user.has_perm("keys.view_provisioningkey"):
        return {}
    users = certificate.keys.only("name")
    return {"key_count": capped_count(users), "keys": users.order_by("id")[:SHOWN_KEYS]}
