"""The page of one enrollment certificate: its chain, whether verifiers accept it, its fields, its users and its PEM."""

from __future__ import annotations

import ssl
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import certificate_tree, machines, openssl_acceptance, trust_anchors
from keys.pages.certificate_access import NOT_ALLOWED, VIEW
from keys.pages.certificate_rows import CertificateMay, described, use_links
from portal.access import requires
from portal.lists.counting import capped_counts

SHOWN = 20


@require_safe
@requires(VIEW, NOT_ALLOWED)
def certificate_detail(request: HttpRequest, pk: int) -> HttpResponse:
    chain = certificate_tree.chain(pk)
    if not chain:
        raise Http404
    certificate, now, may = chain[0], timezone.now(), CertificateMay.of(request.user)
    held = machines.answers().in_force(now).filter(issuer=certificate)
    edges = machines.answers().edges().filter(pk__in=held.order_by().values("edge"))
    issued = machines.answers().issued().filter(issuer=certificate)
    counts = capped_counts(certificate.keys.all(), edges, certificate.children.all(), issued)
    key_count, edge_count, child_count, _ = counts
    facts = described(certificate, now, trust_anchors.with_different_root())
    context: dict[str, Any] = {
        **facts,
        "end": facts,
        "used": use_links(certificate, may, key_count, edge_count),
        "may": may,
        "above": chain[:0:-1],
        "children": certificate.children.only("name", "parent").order_by("sort_name")[:SHOWN] if child_count else (),
        "child_count": child_count,
        "shown": SHOWN,
        "is_deletable": not any(counts),
    }
    if may.view_keys and key_count:
        context["keys"] = certificate.keys.only("name", "signing_certificate").order_by("id")[:SHOWN]
    if not certificate.is_pending:
        context["flaw"] = openssl_acceptance.flaw(certificate, now)
        context["pem"] = ssl.DER_cert_to_PEM_cert(bytes(certificate.der))
    return render(request, "keys/certificate_detail.html", context)
