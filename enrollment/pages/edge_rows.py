"""What pages read of edges, and the view data of one for its own page and that of its key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.pages.edge_state import EdgeState, edge_state
from keys.models import ProvisioningKey
from portal import record_addresses
from portal.lists.written import Written
from portal.times import Stamp, stamp


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """One edge. `revocable`: it holds a certificate that was not revoked. `key_url` is empty when the key is gone."""

    pk: int
    url: str
    name: str
    group: str
    group_id: int
    state: EdgeState
    last_contact: Stamp | None
    version: str
    platform: str
    addresses: str
    enrolled: Stamp
    enrolled_from: str
    key: str
    key_url: str
    serial: str
    revocable: bool


class ListedEdge(NamedTuple):
    """What the list reads of an edge: columns under their names in the query, then annotations.

    A page has up to a hundred, and a model instance costs three times as much.
    """

    id: int
    uuid: UUID
    name: str
    sort_name: str
    enabled: bool
    group_id: int
    group__name: str
    group__sort_name: str
    key_name: str
    key_sort_name: str
    enrolled_at: datetime
    enrolled_from: str | None
    deleted_at: datetime | None
    last_contact_at: datetime | None
    contacted: datetime
    version: str
    platform: str
    addresses: list[str]
    certificate_until: datetime
    serial: str | None
    revoked_from: datetime | None
    key_id: int | None

    @property
    def pk(self) -> int:
        """The id, by the name in the default order."""
        return self.id


def annotated(edges: QuerySet[ServiceEdge]) -> QuerySet[Any]:
    """Edges with what `described` needs: a fixed number of look-ups in an index for each."""
    return edges.select_related("group").annotate(**_BESIDE_EDGES.at())


def read(edges: QuerySet[ServiceEdge]) -> list[ListedEdge]:
    """The edges of a page of the list."""
    beside = _BESIDE_EDGES.at()
    shown = {name: beside[name] for name in ListedEdge._fields if name in beside}
    return [ListedEdge(*values) for values in edges.annotate(**shown).values_list(*ListedEdge._fields)]


def _beside_edges() -> dict[str, Any]:
    certificates = IssuedCertificate.objects.filter(edge=OuterRef("pk"))
    keys = ProvisioningKey.objects.filter(public_id=OuterRef("key_public_id")).order_by()
    return {
        "serial": Subquery(certificates.order_by("-id").values("serial")[:1]),
        "revocable": Exists(certificates.live()),
        "key_id": Subquery(keys.values("pk")[:1]),
    }


_BESIDE_EDGES = Written(ServiceEdge, _beside_edges, moments=0)


def described(edge: Any, now: datetime) -> EdgeRow:
    """An edge of `annotated`."""
    return EdgeRow(
        pk=edge.pk,
        url=edge.get_absolute_url(),
        name=edge.name,
        group=edge.group.name,
        group_id=edge.group_id,
        state=edge_state(edge, now),
        last_contact=stamp(edge.last_contact_at) if edge.last_contact_at else None,
        version=edge.version,
        platform=edge.platform,
        addresses=", ".join(edge.addresses),
        enrolled=stamp(edge.enrolled_at),
        enrolled_from=edge.enrolled_from or "",
        key=edge.key_name,
        key_url=record_addresses.of("keys:key-detail", edge.key_id) if edge.key_id else "",
        serial=edge.serial or "",
        revocable=edge.revocable,
    )


class Member(NamedTuple):
    """An edge as its group lists it."""

    name: str
    url: str
    state: EdgeState
    group_id: int


def members(edges: QuerySet[ServiceEdge], now: datetime) -> list[Member]:
    """Edges as their groups list them."""
    read_of = edges.only("name", "group_id", "enabled", "deleted_at", "last_contact_at", "revoked_from")
    return [Member(each.name, each.get_absolute_url(), edge_state(each, now), each.group_id) for each in read_of]
