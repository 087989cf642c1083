"""The page of one enrollment certificate: its fields, the keys that use it, and its PEM."""

from __future__ import annotations

import ssl

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import machines, openssl_acceptance, trust_anchors
from keys.pages.certificate_access import NOT_ALLOWED, VIEW, get_certificate
from keys.pages.certificate_rows import CertificateMay, described
from portal.access import requires
from portal.lists.counting import capped_count

SHOWN_KEYS = 20


@require_safe
@requires(VIEW, NOT_ALLOWED)
def certificate_detail(request: HttpRequest, pk: int) -> HttpResponse:
    certificate, now, may = get_certificate(pk), timezone.now(), CertificateMay.of(request.user)
    context = {
        **described(certificate, now, trust_anchors.with_different_root()),
        "may": may,
        "live": capped_count(machines.answers().in_force(now).filter(issuer=certificate)),
    }
    if may.view_keys:
        users = certificate.keys.only("name")
        context |= {"key_count": capped_count(users), "keys": users.order_by("id")[:SHOWN_KEYS]}
    if not certificate.is_pending:
        context["flaw"] = openssl_acceptance.flaw(certificate, now)
        context["pem"] = ssl.DER_cert_to_PEM_cert(bytes(certificate.der))
    return render(request, "keys/certificate_detail.html", context)
