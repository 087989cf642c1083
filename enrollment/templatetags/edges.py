"""What pages of keys say about the machines that enrolled; keys themselves know nothing of enrollment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from enrollment.models import IssuedCertificate, ServiceEdge
from keys.presentation import Stamp, stamp

register = template.Library()
SHOWN = 25


@dataclass(frozen=True, slots=True)
class EnrolledEdge:
    """One line of the list of edges. `revocable` means that it holds a certificate that was not revoked."""

    pk: int
    name: str
    status: str
    enrolled: Stamp
    serial: str
    revocable: bool


@register.simple_tag
def edges_of_key(public_id: str) -> list[EnrolledEdge]:
    """The latest edges that enrolled with a key; those that were deleted since are among them, and say so."""
    certificates = IssuedCertificate.objects.filter(edge=OuterRef("pk"))
    kept = certificates.filter(revoked_at=None)
    found = ServiceEdge.objects.filter(key_public_id=public_id).order_by("-use_number")
    annotated = found.annotate(
        serial=Subquery(certificates.order_by("-id").values("serial")[:1]),
        revocable=Exists(kept),
        # An expired certificate nobody revoked does not keep a revoked edge alive.
        revoked=Exists(certificates.exclude(revoked_at=None)) & ~Exists(kept.filter(not_after__gt=timezone.now())),
    )
    return [
        EnrolledEdge(edge.pk, edge.name, _status(edge), stamp(edge.enrolled_at), edge.serial or "", edge.revocable)
        for edge in annotated[:SHOWN]
    ]


@register.filter
def may_be_revoked(edges: list[EnrolledEdge]) -> bool:
    """Whether a key has an edge left to revoke, as far as the shown ones tell."""
    return len(edges) == SHOWN or any(edge.revocable for edge in edges)


def _status(edge: Any) -> str:
    if edge.deleted_at:
        return "Deleted"
    if edge.revoked:
        return "Revoked"
    return "Enabled" if edge.enabled else "Disabled"
