"""Remembering that an edge is alive, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from enrollment.errors import Refused
from enrollment.models import IssuedCertificate, ServiceEdge


@dataclass(frozen=True, slots=True)
class Report:
    """What an edge says of itself: its software's version, its platform, and its addresses as text."""

    version: str = ""
    platform: str = ""
    addresses: tuple[str, ...] = ()


def mark_presented(certificate: IssuedCertificate, now: datetime) -> None:
    """Remember, once, that the edge has this certificate: it proved so. A renewal it has is never replaced."""
    if certificate.presented_at is None:
        IssuedCertificate.objects.filter(pk=certificate.pk, presented_at=None).update(presented_at=now)


def record_contact(certificate: IssuedCertificate, report: Report, *, now: datetime | None = None) -> None:
    """Store the report of the edge that proved to hold `certificate`.

    Raises Refused: certificate_revoked, certificate_expired or edge_disabled. Contacts are no audit events: one comes
    every minute from each edge.
    """
    now = now or datetime.now(UTC)
    mark_presented(certificate, now)
    edge = certificate.edge
    if certificate.revoked_at or edge.deleted_at:
        raise Refused("certificate_revoked")
    if not certificate.not_before <= now <= certificate.not_after:
        raise Refused("certificate_expired")
    if not edge.enabled:
        raise Refused("edge_disabled")
    ServiceEdge.objects.live().filter(pk=edge.pk, enabled=True).update(
        last_contact_at=now, version=report.version, platform=report.platform, addresses=list(report.addresses)
    )
