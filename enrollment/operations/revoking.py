"""Revoking: one certificate, one edge, or everything a key admitted. It is final, and costs no key a use.

The revocation and its audit event are one transaction. The revocation lists follow right after the commit, so that a
list that cannot be built (its issuer's key does not open) does not keep a certificate from being revoked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations.revocation_lists import CHUNK, publish
from enrollment.revocation_reasons import RevocationReason
from keys.models import SigningCertificate
from portal import audit
from portal.actors import Actor
from portal.refusals import Invalid

MOST_SERIALS = 10


@dataclass(frozen=True, slots=True)
class Revocation:
    """What was revoked just now: nothing when all of it was before. `late_lists` names issuers whose list follows."""

    certificates: list[IssuedCertificate]
    edges: int
    late_lists: list[str]


def revoke_certificate(certificate: IssuedCertificate, *, reason: str, actor: Actor) -> Revocation:
    """Revoke one certificate; its edge may hold others. Raises Invalid for a reason that does not exist."""
    return _revoke(Q(pk=certificate.edge_id), Q(pk=certificate.pk), reason, actor)


def revoke_edge(edge: ServiceEdge, *, reason: str, actor: Actor) -> Revocation:
    """Revoke every certificate of an edge: it can neither renew nor have its answer repeated.

    Raises Invalid for a reason that does not exist.
    """
    return _revoke(Q(pk=edge.pk), Q(), reason, actor)


def revoke_unpublished(edge: ServiceEdge, *, reason: str, actor: Actor) -> list[IssuedCertificate]:
    """As `revoke_edge`, within the caller's transaction. The caller calls `publish_lists` after its commit."""
    return _revoke_unpublished(Q(pk=edge.pk), Q(), reason, actor)


def revoke_key(public_id: str, *, reason: str, actor: Actor, subject: audit.Subject | None = None) -> Revocation:
    """Revoke every edge that the key with this public id admitted so far; `subject` is the key unless it is deleted.

    Raises Invalid for a reason that does not exist.
    """
    return _revoke(Q(key_public_id=public_id), Q(), reason, actor, subject)


def revoke_replaced(certificate: IssuedCertificate, *, actor: Actor, now: datetime) -> list[IssuedCertificate]:
    """Revoke a renewal that is replaced, with its event, within the caller's transaction.

    The caller calls `publish_lists` after its commit.
    """
    reason = RevocationReason.SUPERSEDED
    revoked = _mark(Q(pk=certificate.edge_id), Q(pk=certificate.pk), reason, now)
    _record(revoked, reason, actor, None, now)
    return revoked


def revoke_in_transaction(edge: ServiceEdge, *, reason: str, now: datetime) -> list[IssuedCertificate]:
    """Mark the certificates of an edge within the caller's transaction, for an operation that records its own event.

    The caller calls `publish_lists` after its commit.
    """
    return _mark(Q(pk=edge.pk), Q(), reason, now)


def published(revoked: list[IssuedCertificate]) -> Revocation:
    """What was revoked just now, after its lists were brought up to date."""
    return Revocation(revoked, len({each.edge_id for each in revoked}), publish_lists(revoked))


def publish_lists(revoked: Iterable[IssuedCertificate]) -> list[str]:
    """Bring the lists of their issuers up to date and return the names of those that will follow later."""
    issuers = SigningCertificate.objects.in_bulk({each.issuer_id for each in revoked})
    return [issuer.name for _, issuer in sorted(issuers.items()) if not publish(issuer).is_current]


def _revoke(edges: Q, which: Q, reason: str, actor: Actor, key: audit.Subject | None = None) -> Revocation:
    return published(_revoke_unpublished(edges, which, reason, actor, key))


def _revoke_unpublished(
    edges: Q, which: Q, reason: str, actor: Actor, key: audit.Subject | None = None
) -> list[IssuedCertificate]:
    if reason not in RevocationReason.values:
        raise Invalid("reason", f"Choose one of {', '.join(RevocationReason.values)}.", "invalid_choice")
    now = timezone.now()
    with transaction.atomic():
        revoked = _mark(edges, which, reason, now)
        _record(revoked, reason, actor, key, now)
    return revoked


def _mark(edges: Q, which: Q, reason: str, now: datetime) -> list[IssuedCertificate]:
    # The edges first and in order: renewal locks them too, and two revocations must not wait for each other.
    locked = ServiceEdge.objects.select_for_update(no_key=True).filter(edges).order_by("pk")
    by_pk = {edge.pk: edge for edge in locked}
    found = [certificate for some in _chunks(list(by_pk)) for certificate in _live(which & Q(edge__in=some))]
    for some in _chunks([certificate.pk for certificate in found]):
        IssuedCertificate.objects.filter(pk__in=some).update(revoked_at=now, revocation_reason=reason)
    for some in _chunks(sorted({certificate.edge_id for certificate in found})):
        ServiceEdge.objects.filter(pk__in=some).update_expiry()
    for certificate in found:
        certificate.edge = by_pk[certificate.edge_id]
        certificate.revoked_at, certificate.revocation_reason = now, reason
    return found


def _live(which: Q) -> Iterable[IssuedCertificate]:
    found = IssuedCertificate.objects.live().select_for_update(no_key=True).filter(which)
    return found.defer("der").order_by("pk")


def _chunks(pks: list[int]) -> Iterable[list[int]]:
    return (pks[at : at + CHUNK] for at in range(0, len(pks), CHUNK))


def _record(
    revoked: list[IssuedCertificate], reason: str, actor: Actor, key: audit.Subject | None, now: datetime
) -> None:
    """One event for each edge, which its history shows, and one for the key."""
    by_edge: dict[ServiceEdge, list[str]] = defaultdict(list)
    for certificate in revoked:
        by_edge[certificate.edge].append(certificate.serial)
    audit.record_all(_edge_event(edge, serials, reason, actor, now) for edge, serials in by_edge.items())
    if key and revoked:
        detail = {"edges": len(by_edge), "certificates": len(revoked), "revocation_reason": reason}
        audit.record(audit.Action.KEY_EDGES_REVOKED, actor, key, detail=detail, at=now)


def _edge_event(edge: ServiceEdge, serials: list[str], reason: str, actor: Actor, now: datetime) -> dict[str, object]:
    detail = {
        "certificates": len(serials),
        "serials": serials[-MOST_SERIALS:],
        "revocation_reason": reason,
        "key_public_id": edge.key_public_id,
        "key_name": edge.key_name,
    }
    subject = audit.Subject("edge", str(edge.uuid), edge.name)
    return audit.row(audit.Action.EDGE_REVOKED, actor, subject, detail=detail, at=now)
