"""What pages of keys say about the machines that enrolled; keys themselves know nothing of enrollment."""

from __future__ import annotations

from django import template
from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.pages.edge_rows import EdgeRow, annotated, described

register = template.Library()
SHOWN = 25


@register.simple_tag
def edges_of_key(public_id: str) -> list[EdgeRow]:
    """The latest edges that enrolled with a key; those that were deleted since are among them, and say so."""
    found, now = ServiceEdge.objects.filter(key_public_id=public_id).order_by("-use_number"), timezone.now()
    return [described(edge, now) for edge in annotated(found)[:SHOWN]]


@register.filter
def may_be_revoked(edges: list[EdgeRow]) -> bool:
    """Whether a key has an edge left to revoke, as far as the shown ones tell."""
    return len(edges) == SHOWN or any(edge.revocable for edge in edges)
