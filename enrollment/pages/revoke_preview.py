"""The certificates that a revocation would revoke, which its page lists before the confirmation."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from enrollment.models import IssuedCertificate, IssuedCertificateQuerySet
from portal.times import Stamp, stamp

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One certificate that would be revoked."""

    edge: str
    serial: str
    expires: Stamp


@dataclass(frozen=True, slots=True)
class Preview:
    """The number of certificates and of their edges, and the first SHOWN of them."""

    certificates: int
    edges: int
    lines: list[Line]


def of_edge(edge_id: int) -> Preview:
    """The certificates of an edge that are not revoked yet."""
    return _preview(IssuedCertificate.objects.filter(edge=edge_id))


def of_certificate(pk: int) -> Preview:
    """One certificate, unless it is revoked already."""
    return _preview(IssuedCertificate.objects.filter(pk=pk))


def others(certificate: IssuedCertificate) -> int:
    """The number of other certificates that are valid and that the edge could use instead."""
    held = IssuedCertificate.objects.in_force(timezone.now()).filter(edge=certificate.edge_id)
    return held.exclude(pk=certificate.pk).count()


def of_key(public_id: str) -> Preview:
    """The certificates that are not revoked yet, of each edge the key with this public id admitted."""
    return _preview(IssuedCertificate.objects.filter(edge__key_public_id=public_id))


def _preview(found: IssuedCertificateQuerySet) -> Preview:
    live = found.live()
    first = live.select_related("edge").only("serial", "not_after", "edge__name").order_by("-edge_id", "-pk")[:SHOWN]
    lines = [Line(each.edge.name, each.serial, stamp(each.not_after)) for each in first]
    return Preview(live.count(), live.values("edge").distinct().count(), lines)
