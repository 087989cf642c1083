"""The page of one Private Service Edge: its state, certificates and timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.pages import edge_health, timeline
from enrollment.pages.edge_access import CHANGE, DELETE
from enrollment.pages.edge_rows import annotated, described
from keys.pages.expiry_badge import Badge, expiry
from keys.pages.presentation import colons
from portal.access import requires
from portal.times import stamp

PERMISSION = "enrollment.view_serviceedge"
FORBIDDEN = "You can't view Private Service Edges. Ask an administrator for the Viewer role."
SHOWN_CERTIFICATES = 25
STOPS = (CHANGE, DELETE, "enrollment.revoke_issuedcertificate")


@require_safe
@requires(PERMISSION, FORBIDDEN)
def edge_detail(request: HttpRequest, pk: int) -> HttpResponse:
    edge = get_object_or_404(annotated(ServiceEdge.objects.all()), pk=pk)
    now = timezone.now()
    found = IssuedCertificate.objects.select_related("issuer").defer("der", "issuer__der", "issuer__sealed_private_key")
    certificates = found.filter(edge=edge).order_by("-id")[:SHOWN_CERTIFICATES]
    context = {
        "edge": edge,
        "row": described(edge, now),
        "certificates": [_certificate(each, now) for each in certificates],
        "certificates_shown": SHOWN_CERTIFICATES,
        "health": edge_health.of_edge(edge, now),
        "may_stop": not edge.deleted_at and any(map(request.user.has_perm, STOPS)),
        "timeline": timeline.of_edge(request, edge.get_absolute_url(), str(edge.uuid)),
    }
    return render(request, "enrollment/edge_detail.html", context)


def _certificate(certificate: IssuedCertificate, now: datetime) -> dict[str, Any]:
    revoked = certificate.revoked_at
    return {
        "pk": certificate.pk,
        "serial": certificate.serial,
        "fingerprint": colons(certificate.fingerprint),
        "issuer": certificate.issuer,
        "not_before": stamp(certificate.not_before),
        "not_after": stamp(certificate.not_after),
        "badge": Badge("Revoked", "danger") if revoked else expiry(certificate.not_after, now),
        "revoked": stamp(revoked) if revoked else None,
        "reason": certificate.get_revocation_reason_display(),
    }
