"""Each key's count against the edges that it admitted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Max

from enrollment.models import ServiceEdge
from enrollment.verifying.faults import BATCH, Fault, Tally
from keys.models import ProvisioningKey


def verify(since: datetime, tally: Tally) -> Iterator[Fault]:
    """Keys that were used since then and count other uses than they admitted edges, or admitted one twice.

    The edges are read before the count, which only grows, and once more where some seem missing: an edge is kept for
    ever. A deleted key has no count.
    """
    last = ""
    used = ServiceEdge.objects.filter(enrolled_at__gte=since).order_by("key_public_id")
    while batch := list(used.filter(key_public_id__gt=last).values_list("key_public_id", flat=True).distinct()[:BATCH]):
        tally.keys += len(batch)
        yield from _faults(batch)
        last = batch[-1]


def _faults(public_ids: list[str]) -> Iterator[Fault]:
    edges = ServiceEdge.objects.filter(key_public_id__in=public_ids).order_by()
    admitted = list(
        edges.values("key_public_id").annotate(
            edges=Count("pk"), numbers=Count("use_number", distinct=True), highest=Max("use_number")
        )
    )
    counts = dict(ProvisioningKey.objects.filter(public_id__in=public_ids).values_list("public_id", "uses"))
    for key in admitted:
        public_id = key["key_public_id"]
        uses = counts.get(public_id)
        if key["numbers"] != key["edges"]:
            yield Fault(f"key {public_id}", f"{key['edges']} edges share {key['numbers']} uses")
        if uses is not None and uses < max(key["edges"], key["highest"]):
            yield Fault(
                f"key {public_id}", f"it counts {uses} uses and admitted {key['edges']} edges, up to {key['highest']}"
            )
        elif _edges_missing(public_id, expected := max(uses or 0, key["highest"]), key["edges"]):
            yield Fault(f"key {public_id}", f"edges are missing: it took {expected} uses and admitted {key['edges']}")


def _edges_missing(public_id: str, expected: int, seen: int) -> bool:
    # Those that enrolled between reading the edges and the count are there now.
    return seen < expected and ServiceEdge.objects.filter(key_public_id=public_id).count() < expected
