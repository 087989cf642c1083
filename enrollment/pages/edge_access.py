"""The edge of an address that changes it, and who may."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from enrollment.models import ServiceEdge
from portal import returning

CHANGE = "enrollment.change_serviceedge"
DELETE = "enrollment.delete_serviceedge"
FORBIDDEN = "You can't change Private Service Edges. Ask an administrator for the Operator role."


def get_live_edge(pk: int) -> ServiceEdge:
    """The edge of an address that changes it: 404 for a deleted one."""
    return get_object_or_404(ServiceEdge.objects.live().select_related("group"), pk=pk)


def list_that_led_here(request: HttpRequest) -> str:
    """The list of edges, with its filters, if the page was opened from it; else empty."""
    return returning.origin(request, ("enrollment:edge-list",))
