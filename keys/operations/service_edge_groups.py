"""Every change of a Service Edge group."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from keys.managed_rows import require_gate
from keys.models import ServiceEdgeGroup
from keys.operations import editing
from portal import audit
from portal.actors import Actor
from portal.field_validation import clean


def create_group(group: ServiceEdgeGroup, *, actor: Actor) -> None:
    """Store a new group. Raises Invalid for its values or when the name is taken, or Managed outside a manifest."""
    require_gate(group)
    clean(group)
    group.created_by = group.modified_by = actor.name
    with transaction.atomic(), editing.refusals_of(ServiceEdgeGroup):
        group.save(force_insert=True)
        audit.record(audit.Action.GROUP_CREATED, actor, editing.subject(group), detail=editing.described(group))


def edit_group(group: ServiceEdgeGroup, *, fields: Collection[str], version: int, actor: Actor) -> None:
    """Store the named fields. Raises Gone, Managed, Stale or Invalid."""
    editing.edit(group, fields=fields, version=version, action=audit.Action.GROUP_EDITED, actor=actor)


def delete_group(group: ServiceEdgeGroup, *, actor: Actor) -> None:
    """Delete a group nothing depends on. Raises InUse with what does, Gone or Managed."""
    editing.delete_unused(group, action=audit.Action.GROUP_DELETED, actor=actor)
