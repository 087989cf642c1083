"""The states of edges as words in SQL, to count many; of one edge `enrollment.pages.edge_state` decides the same."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Case, CharField, Q, QuerySet, Value, When

from enrollment.models import BEFORE_ALL, ServiceEdge
from enrollment.pages.edge_state import IN_TOUCH
from keys.machines import CONNECTED, DISCONNECTED, NEVER, OFF


def with_word(edges: QuerySet[ServiceEdge], now: datetime) -> QuerySet[ServiceEdge]:
    """Edges with the word of their state as `word`. One that is disabled or revoked is off."""
    states = (
        When(Q(enabled=False) | is_revoked(now), then=Value(OFF)),
        When(contacted=BEFORE_ALL, then=Value(NEVER)),
        When(contacted__range=(now - IN_TOUCH, now + IN_TOUCH), then=Value(CONNECTED)),
    )
    return edges.annotate(word=Case(*states, default=Value(DISCONNECTED), output_field=CharField()))


def is_revoked(now: datetime) -> Q:
    """Edges that are revoked, as `edge_state.is_revoked`."""
    return Q(revoked_from__lte=now)
