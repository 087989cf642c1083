"""View data of one edge for the list and its own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.pages.edge_state import EdgeState, edge_state
from keys.models import ProvisioningKey
from portal import record_addresses
from portal.lists.written import Written
from portal.times import Stamp, stamp

_READ = (
    "uuid", "name", "sort_name", "enabled", "group__name", "group__sort_name", "key_public_id", "key_name",
    "key_sort_name", "enrolled_at", "enrolled_from", "deleted_at", "last_contact_at", "contacted", "version",
    "platform", "addresses",
)  # fmt: skip


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


def annotated(edges: QuerySet[ServiceEdge]) -> QuerySet[Any]:
    """Edges with what `described` needs: a fixed number of look-ups in an index for each."""
    return edges.select_related("group").annotate(**_BESIDE_EDGES.at(timezone.now()))


def read(edges: QuerySet[ServiceEdge]) -> list[Any]:
    """The edges of a page, without the columns that no list shows."""
    return list(annotated(edges).only(*_READ))


def is_revoked(now: datetime) -> Q:
    """Whether an edge is revoked. An expired certificate nobody revoked does not keep a revoked edge alive."""
    certificates = IssuedCertificate.objects.filter(edge=OuterRef("pk"))
    return Q(Exists(certificates.revoked())) & ~Q(Exists(certificates.in_force(now)))


def _beside_edges(now: datetime) -> dict[str, Any]:
    certificates = IssuedCertificate.objects.filter(edge=OuterRef("pk"))
    keys = ProvisioningKey.objects.filter(public_id=OuterRef("key_public_id")).order_by()
    return {
        "serial": Subquery(certificates.order_by("-id").values("serial")[:1]),
        "revocable": Exists(certificates.live()),
        "revoked": is_revoked(now),
        "key_id": Subquery(keys.values("pk")[:1]),
    }


_BESIDE_EDGES = Written(ServiceEdge, _beside_edges, moments=1)


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
