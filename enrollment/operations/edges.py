"""What staff may change on enrolled edges."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import revoking
from portal import audit
from portal.actors import Actor


def edit_edge(edge: ServiceEdge, *, fields: Collection[str], actor: Actor) -> None:
    """Store name, description or enabled of an edge."""
    with transaction.atomic():
        current = ServiceEdge.objects.select_for_update().get(pk=edge.pk)
        detail = {
            name: [str(getattr(current, name)), str(getattr(edge, name))]
            for name in fields
            if getattr(current, name) != getattr(edge, name)
        }
        if detail:
            edge.save(update_fields=[*detail, "sort_name"])
            subject = audit.Subject("edge", str(edge.uuid), edge.name)
            audit.record(audit.Action.EDGE_EDITED, actor, subject, detail=detail)


def delete_edge(edge: ServiceEdge, *, actor: Actor) -> None:
    """Mark an edge deleted and revoke its certificates. Its use is not given back and its key pair stays spent."""
    now = timezone.now()
    with transaction.atomic():
        if not ServiceEdge.objects.live().filter(pk=edge.pk).update(deleted_at=now, enabled=False):
            return
        reason = IssuedCertificate.RevocationReason.CESSATION
        revoked = revoking.revoke_in_transaction(edge, reason=reason, now=now)
        subject = audit.Subject("edge", str(edge.uuid), edge.name)
        audit.record(audit.Action.EDGE_DELETED, actor, subject, detail={"certificates": len(revoked)})
    revoking.publish_lists(revoked)
