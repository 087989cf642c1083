"""What staff may change on enrolled edges."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.operations import revoking
from enrollment.revocation_reasons import RevocationReason
from keys.errors import Gone, Invalid
from keys.names import clean_name
from keys.operations.editing import display
from portal import audit
from portal.actors import Actor
from portal.field_validation import clean, faults_of, is_changed

LONGEST_NAME = ServiceEdge._meta.get_field("name").max_length or 0


def edit_edge(edge: ServiceEdge, *, fields: Collection[str], actor: Actor) -> None:
    """Store name, description or enabled of an edge. Raises Gone, or Invalid for a value that changes."""
    with transaction.atomic():
        current = ServiceEdge.objects.live().select_for_update().filter(pk=edge.pk).first()
        if current is None:
            raise Gone(f"“{edge.name}” was deleted in the meantime.")
        clean(edge, _changed(current, edge, fields), {"name": _require_name})
        detail = {name: [display(current, name), display(edge, name)] for name in _changed(current, edge, fields)}
        if detail:
            edge.save(update_fields=[*detail, "sort_name"])
            subject = audit.Subject("edge", str(edge.uuid), edge.name)
            audit.record(audit.Action.EDGE_EDITED, actor, subject, detail=detail)


def _changed(current: ServiceEdge, edited: ServiceEdge, fields: Collection[str]) -> list[str]:
    return [name for name in fields if is_changed(getattr(current, name), getattr(edited, name))]


def _require_name(edge: ServiceEdge) -> None:
    try:
        edge.name = clean_name(edge.name, longest=LONGEST_NAME)
    except ValidationError as error:
        raise Invalid.of(faults_of(error, "name")) from None


def delete_edge(edge: ServiceEdge, *, actor: Actor) -> None:
    """Mark an edge deleted and revoke its certificates. Its use is not given back and its key pair stays spent."""
    now = timezone.now()
    with transaction.atomic():
        if not ServiceEdge.objects.live().filter(pk=edge.pk).update(deleted_at=now, enabled=False):
            return
        reason = RevocationReason.CESSATION
        revoked = revoking.revoke_in_transaction(edge, reason=reason, now=now)
        subject = audit.Subject("edge", str(edge.uuid), edge.name)
        audit.record(audit.Action.EDGE_DELETED, actor, subject, detail={"certificates": len(revoked)})
    revoking.publish_lists(revoked)
