"""Checking what edges hold of the ends of their certificates, by which they are listed, against the certificates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef

from enrollment.models import IssuedCertificate, ServiceEdge, expiry
from enrollment.verifying.faults import Fault, batches

_WORDS = {"certificate_until": "the end of its certificate", "revoked_from": "when it is revoked from"}


def verify(since: datetime) -> Iterator[Fault]:
    """Yield the edges with a certificate from `since` on that hold an end which their certificates do not have."""
    return (fault for _, fault in differing(since))


def differing(since: datetime) -> Iterator[tuple[int, Fault]]:
    """The ids of the same edges, each with one fault."""
    issued = IssuedCertificate.objects.filter(edge=OuterRef("pk"), issued_at__gte=since)
    expected = {f"expected_{name}": value for name, value in expiry().items()}
    for batch in batches(ServiceEdge.objects.only("uuid", *_WORDS).filter(Exists(issued)).annotate(**expected)):
        for edge in batch:
            for name, words in _WORDS.items():
                held, right = getattr(edge, name), getattr(edge, f"expected_{name}")
                if held != right:
                    yield edge.pk, Fault(f"edge {edge.uuid}", f"it holds {held} as {words} instead of {right}")
