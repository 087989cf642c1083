"""Private Service Edges: the list, and what one of them is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import django_tables2 as tables
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from enrollment import history
from enrollment.edge_rows import annotated, described
from enrollment.models import IssuedCertificate, ServiceEdge
from keys import activity, list_state
from keys.ordering import Order, whole_number
from keys.paging import capped_count, paginate
from keys.presentation import Badge, colons, expiry, stamp
from keys.tables import heads
from keys.views.access import requires
from portal import audit

PERMISSION = "enrollment.view_serviceedge"
FORBIDDEN = "You can't view Private Service Edges. Ask an administrator for the Viewer role."
# Ids are given in the order of enrollment, so the primary key is the index of this order.
ORDERS = {"enrolled": Order("pk", whole_number, unique=True)}
SHOWN_CERTIFICATES = 25
STRANGERS = 10
WINDOW = timedelta(hours=24)


class EdgeTable(tables.Table):
    """The columns of the list of edges."""

    name = tables.Column("Name", orderable=False)
    group = tables.Column("Group", orderable=False)
    status = tables.Column("Status", orderable=False)
    connection = tables.Column("Connection", orderable=False)
    version = tables.Column("Version", orderable=False)
    last_contact = tables.Column("Last Contact", orderable=False)
    key = tables.Column("Enrolled With Key", orderable=False)
    enrolled = tables.Column("Enrolled", order_by=ORDERS["enrolled"].field)


@require_safe
@requires(PERMISSION, FORBIDDEN)
def edge_list(request: HttpRequest) -> HttpResponse:
    """Edges that are not deleted, and below them who was refused without a known key."""
    state = list_state.read(request.GET, sortable=ORDERS, default_sort="-enrolled")
    found = annotated(ServiceEdge.objects.filter(deleted_at=None))
    page, now = paginate(found, ORDERS[state.column], state), timezone.now()
    context = {
        "page": page,
        "noun": "edge",
        "rows": [described(edge, now) for edge in page.rows],
        "heads": heads(EdgeTable, state),
        "strangers": _strangers(now),
    }
    return render(request, "enrollment/edge_list.html", context)


def _strangers(now: datetime) -> dict[str, Any]:
    """Refusals before a secret was proved: a sample, at most one a minute for each code and source network."""
    found = audit.refusals().filter(object_id="")
    return {
        "latest": history.described(found[:STRANGERS]),
        "count": capped_count(found.filter(at__gt=now - WINDOW)),
    }


@require_safe
@requires(PERMISSION, FORBIDDEN)
def edge_detail(request: HttpRequest, pk: int) -> HttpResponse:
    edge = annotated(ServiceEdge.objects.filter(pk=pk)).first()
    if edge is None:
        raise Http404
    now = timezone.now()
    may_see_activity = request.user.has_perm("portal.view_auditevent")
    context = {
        "edge": edge,
        "row": described(edge, now),
        "certificates": _certificates(edge, now),
        "certificates_shown": SHOWN_CERTIFICATES,
        "history": history.of_edge(str(edge.uuid), request.GET.get("history_after", "")),
        "activity": activity.of_edge(str(edge.uuid)) if may_see_activity else None,
    }
    return render(request, "enrollment/edge_detail.html", context)


def _certificates(edge: ServiceEdge, now: datetime) -> list[dict[str, Any]]:
    found = IssuedCertificate.objects.select_related("issuer").defer("der", "issuer__der", "issuer__sealed_private_key")
    return [_certificate(each, now) for each in found.filter(edge=edge).order_by("-id")[:SHOWN_CERTIFICATES]]


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
