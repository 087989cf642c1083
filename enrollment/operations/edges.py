"""What staff may change on enrolled edges."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import revoking
from enrollment.revocation_reasons import RevocationReason
from keys.errors import Difference, Gone, Invalid, Stale
from keys.names import clean_name
from keys.operations.editing import display, in_words
from portal import audit
from portal.actors import Actor
from portal.attempts import attempt
from portal.field_validation import clean, faults_of, is_changed

LONGEST_NAME = ServiceEdge._meta.get_field("name").max_length or 0


def edit_edge(edge: ServiceEdge, *, fields: Collection[str], actor: Actor, revision: int | None = None) -> None:
    """Store name, description or enabled of an edge.

    `revision` is the one that was read, by default that of `edge`. Raises Gone, Stale, or Invalid for a value that
    changes.
    """
    with attempt(audit.Action.EDGE_EDITED, actor, replace(_subject(edge), name=edge.known_name)):
        current = _locked(edge)
        changed = [name for name in fields if is_changed(getattr(current, name), getattr(edge, name))]
        clean(edge, changed, {"name": _require_name})
        if current.revision != (edge.revision if revision is None else revision):
            raise _stale(current, edge, fields)
        detail = {
            name: [display(current, name), display(edge, name)]
            for name in fields
            if is_changed(getattr(current, name), getattr(edge, name))
        }
        if detail:
            edge.revision = current.revision + 1
            edge.save(update_fields=[*detail, "sort_name", "revision"])
            audit.record(audit.Action.EDGE_EDITED, actor, _subject(edge), detail=detail)


def store_expiry(pks: Collection[int]) -> None:
    """Store again what edges hold of the ends of their certificates; no certificate changes, so it is no event.

    Workers of an earlier version may have left it out while an upgrade went on.
    """
    with transaction.atomic():
        # A renewal and a revocation lock the edge too.
        locked = ServiceEdge.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk")
        ServiceEdge.objects.filter(pk__in=[edge.pk for edge in locked.only("pk")]).update_expiry()


def _locked(edge: ServiceEdge) -> ServiceEdge:
    current = ServiceEdge.objects.live().select_for_update().filter(pk=edge.pk).first()
    if current is None:
        raise Gone(f"“{edge.known_name}” was deleted in the meantime.")
    return current


def _subject(edge: ServiceEdge) -> audit.Subject:
    return audit.Subject("edge", str(edge.uuid), edge.name)


def _require_name(edge: ServiceEdge) -> None:
    try:
        edge.name = clean_name(edge.name, longest=LONGEST_NAME)
    except ValidationError as error:
        raise Invalid.of(faults_of(error, "name")) from None


def _stale(current: ServiceEdge, edited: ServiceEdge, fields: Collection[str]) -> Stale:
    """Who saved last is in the audit log alone."""
    edits = audit.of_edge(str(current.uuid), by_machine=False).filter(action=audit.Action.EDGE_EDITED)
    last = edits.filter(outcome=audit.Outcome.SUCCESS).first()
    differences = [
        Difference(name.capitalize(), in_words(current, name), in_words(edited, name))
        for name in fields
        if getattr(current, name) != getattr(edited, name)
    ]
    who, when = (last.actor_name, last.at) if last else ("Somebody", timezone.now())
    return Stale(who, when, current.revision, differences)


def set_enabled(edge: ServiceEdge, enabled: bool, *, actor: Actor) -> None:
    """Enable or disable an edge, whatever else was edited. Raises Gone."""
    with attempt(audit.Action.EDGE_EDITED, actor, _subject(edge)):
        edited = copy(_locked(edge))
        edited.enabled = enabled
        edit_edge(edited, fields=["enabled"], actor=actor)


def delete_edge(edge: ServiceEdge, *, actor: Actor) -> revoking.Revocation:
    """Mark an edge deleted and revoke its certificates. Its use is not given back and its key pair stays spent.

    The row is kept, so that revocation lists and records of certificates still have their edge. Deleting again changes
    nothing.
    """
    return revoking.published(delete_unpublished(edge, actor=actor))


def delete_unpublished(edge: ServiceEdge, *, actor: Actor) -> list[IssuedCertificate]:
    """As `delete_edge`, within the caller's transaction. The caller calls `publish_lists` after its commit."""
    now = timezone.now()
    with transaction.atomic():
        if not ServiceEdge.objects.live().filter(pk=edge.pk).update(deleted_at=now, enabled=False):
            return []
        revoked = revoking.revoke_in_transaction(edge, reason=RevocationReason.CESSATION, now=now)
        audit.record(audit.Action.EDGE_DELETED, actor, _subject(edge), detail=_last_state(edge, revoked))
    return revoked


def _last_state(edge: ServiceEdge, revoked: Collection[IssuedCertificate]) -> dict[str, object]:
    """What the edge was, and which certificates were revoked with it."""
    shown = {name: display(edge, name) for name in ("description", "enabled", "key_public_id", "key_name")}
    serials = [certificate.serial for certificate in revoked][-revoking.MOST_SERIALS :]
    detail = {**shown, "group": edge.group.name, "certificates": len(revoked), "serials": serials}
    return {name: value for name, value in detail.items() if value != ""}
