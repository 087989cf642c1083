"""Checking each key's count of uses against the edges that it admitted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Max

from enrollment.models import ServiceEdge
from enrollment.verifying.faults import BATCH, Fault, Tally
from keys.models import ProvisioningKey


def verify(since: datetime, tally: Tally) -> Iterator[Fault]:
    """Yield the keys used from `since` on whose count differs from their edges, or whose edges share a use.

    The edges are read before the count, because the count only grows, and once more where some seem missing: an edge
    that enrolled in between is there now. A deleted key has no count to compare.
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
            continue
        expected = max(uses or 0, key["highest"])
        if key["edges"] < expected and ServiceEdge.objects.filter(key_public_id=public_id).count() < expected:
            yield Fault(f"key {public_id}", f"edges are missing: it took {expected} uses and admitted {key['edges']}")
