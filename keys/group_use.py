"""What depends on a group: its keys and its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keys import machines
from keys.models import ProvisioningKey, ServiceEdgeGroup
from portal.lists.counting import capped_counts

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Use:
    """The first keys and edges by age, and how many there are; each count stops at 10,001.

    Deleted edges keep their rows, and with them their group, because their certificates stay revocable.
    """

    keys: list[ProvisioningKey]
    key_count: int
    edges: list[Any]
    edge_count: int
    deleted_edges: int

    def __bool__(self) -> bool:
        return bool(self.key_count or self.edge_count or self.deleted_edges)


def of(group: ServiceEdgeGroup) -> Use:
    """Everything that depends on one group."""
    keys = ProvisioningKey.objects.filter(group=group)
    edges = machines.answers().edges().filter(group=group)
    live, deleted = edges.filter(deleted_at=None), edges.filter(deleted_at__isnull=False)
    counts = capped_counts(keys, live, deleted)
    return Use(
        keys=list(keys.only("name").order_by("pk")[:SHOWN]),
        key_count=counts[0],
        edges=list(live.only("name").order_by("pk")[:SHOWN]),
        edge_count=counts[1],
        deleted_edges=counts[2],
    )
