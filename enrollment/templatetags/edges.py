"""What pages of keys say about the machines that enrolled; keys themselves know nothing of enrollment."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.db.models import OuterRef, Subquery

from enrollment.models import IssuedCertificate, ServiceEdge
from keys.presentation import Stamp, stamp

register = template.Library()
SHOWN = 25


@dataclass(frozen=True, slots=True)
class EnrolledEdge:
    """One line of the list of edges."""

    name: str
    status: str
    enrolled: Stamp
    serial: str


@register.simple_tag
def edges_of_key(public_id: str) -> list[EnrolledEdge]:
    """The latest edges that enrolled with a key; those that were deleted since are among them, and say so."""
    newest = IssuedCertificate.objects.filter(edge=OuterRef("pk")).order_by("-id").values("serial")[:1]
    found = ServiceEdge.objects.filter(key_public_id=public_id).order_by("-use_number")
    return [
        EnrolledEdge(edge.name, _status(edge), stamp(edge.enrolled_at), edge.serial or "")
        for edge in found.annotate(serial=Subquery(newest))[:SHOWN]
    ]


def _status(edge: ServiceEdge) -> str:
    if edge.deleted_at:
        return "Deleted"
    return "Enabled" if edge.enabled else "Disabled"
