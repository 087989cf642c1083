"""One enrollment certificate: what it is, who uses it, and its PEM."""

from __future__ import annotations

import ssl
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import certificate_use, openssl_acceptance, trust_anchors
from keys.models import SigningCertificate
from keys.pages.certificate_access import NOT_ALLOWED, VIEW, get_certificate
from keys.pages.certificate_rows import described
from portal.access import requires
from portal.lists.counting import capped_count

SHOWN_KEYS = 20


@require_safe
@requires(VIEW, NOT_ALLOWED)
def certificate_detail(request: HttpRequest, pk: int) -> HttpResponse:
    certificate, now = get_certificate(pk), timezone.now()
    context = {
        **described(certificate, now, trust_anchors.with_different_root()),
        **_keys(request, certificate),
        "live": certificate_use.counts([pk], now)[pk][1],
    }
    if not certificate.is_pending:
        context["flaw"] = openssl_acceptance.flaw(certificate, now)
        context["pem"] = ssl.DER_cert_to_PEM_cert(bytes(certificate.der))
    return render(request, "keys/certificate_detail.html", context)


def _keys(request: HttpRequest, certificate: SigningCertificate) -> dict[str, Any]:
    """The keys that use a certificate: how many, and the first by age."""
    if not request.user.has_perm("keys.view_provisioningkey"):
        return {}
    users = certificate.keys.only("name")
    return {"key_count": capped_count(users), "keys": users.order_by("id")[:SHOWN_KEYS]}
