"""Checking what edges hold of the ends of their certificates, by which they are listed, against the certificates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from enrollment.models import IssuedCertificate, ServiceEdge, expiry
from enrollment.verifying.faults import Fault, batches

_WORDS = {"certificate_until": "the end of its certificate", "revoked_from": "when it is revoked from"}


def verify(since: datetime) -> Iterator[Fault]:
    """Yield the edges with a certificate from `since` on that hold an end which their certificates do not have."""
    for edge, name, held, right in differing(since):
        yield Fault(f"edge {edge.uuid}", f"it holds {held} as {_WORDS[name]} instead of {right}")


def differing(since: datetime) -> Iterator[tuple[ServiceEdge, str, Any, Any]]:
    """The same edges, each with the name of the column, what it holds and what its certificates have."""
    issued = IssuedCertificate.objects.filter(edge=OuterRef("pk"), issued_at__gte=since)
    expected = {f"expected_{name}": value for name, value in expiry().items()}
    for batch in batches(ServiceEdge.objects.only("uuid", *_WORDS).filter(Exists(issued)).annotate(**expected)):
        for edge in batch:
            for name in _WORDS:
                held, right = getattr(edge, name), getattr(edge, f"expected_{name}")
                if held != right:
                    yield edge, name, held, right
