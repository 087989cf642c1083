"""The last contact of an edge, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import rules


@dataclass(frozen=True, slots=True)
class Report:
    """What an edge reports: the version of its software, its platform, and its addresses as text."""

    version: str = ""
    platform: str = ""
    addresses: tuple[str, ...] = ()


def mark_presented(certificate: IssuedCertificate, now: datetime) -> None:
    """Store, once, that the edge has proved to hold this certificate. A renewal that it holds is never replaced."""
    if certificate.presented_at is None:
        IssuedCertificate.objects.filter(pk=certificate.pk, presented_at=None).update(presented_at=now)


def record_contact(certificate: IssuedCertificate, report: Report, *, now: datetime | None = None) -> None:
    """Store the report of the edge that proved to hold `certificate`.

    Raises Refused: certificate_revoked, certificate_expired or edge_disabled. Contacts are no audit events: one comes
    every minute from each edge.
    """
    now = now or datetime.now(UTC)
    mark_presented(certificate, now)
    rules.refuse(rules.against_heartbeat(certificate, now))
    stored = (
        ServiceEdge.objects.live()
        .filter(pk=certificate.edge_id, enabled=True)
        .update(last_contact_at=now, version=report.version, platform=report.platform, addresses=list(report.addresses))
    )
    if not stored:
        # The edge was disabled or deleted since it was read.
        certificate.edge.refresh_from_db(fields=["enabled", "deleted_at"])
        rules.refuse(rules.against_heartbeat(certificate, now))
