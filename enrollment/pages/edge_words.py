"""The states of edges as words in SQL, to count many; of one edge `enrollment.pages.edge_state` decides the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, QuerySet, Value, When

from enrollment.models import BEFORE_ALL, IssuedCertificate, ServiceEdge
from enrollment.pages.edge_state import IN_TOUCH
from keys.machines import CONNECTED, DISCONNECTED, NEVER, OFF


def with_word(edges: QuerySet[ServiceEdge], now: datetime) -> QuerySet[ServiceEdge]:
    """Edges with the word of their state as `word`. One that is disabled or revoked is off."""
    states = (
        When(pk__in=_revoked(now), then=Value(OFF)),
        When(enabled=False, then=Value(OFF)),
        When(contacted=BEFORE_ALL, then=Value(NEVER)),
        When(contacted__range=(now - IN_TOUCH, now + IN_TOUCH), then=Value(CONNECTED)),
    )
    return edges.annotate(word=Case(*states, default=Value(DISCONNECTED), output_field=CharField()))


def _revoked(now: datetime) -> QuerySet[Any]:
    """The ids of revoked edges. It refers to no outer query, so that the database reads it once for all edges."""
    in_force = IssuedCertificate.objects.in_force(now).filter(edge=OuterRef("edge"))
    return IssuedCertificate.objects.revoked().filter(~Exists(in_force)).order_by().values("edge")
