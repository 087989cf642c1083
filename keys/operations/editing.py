"""What every edit and delete of a kept record has in common: lock, read-only rule, version, audit."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import CASCADE, Model, ProtectedError
from django.utils import timezone

from keys import field_words
from keys.errors import CONSTRAINT_FIELDS, Difference, Gone, InUse, Invalid, Stale
from keys.managed_rows import require_own
from keys.models.record import Record
from portal import audit
from portal.actors import Actor
from portal.attempts import attempt
from portal.audit_actions import DETAIL_FIELDS
from portal.database import violated_rule
from portal.field_validation import NO_RULES, Rules, clean, is_changed
from portal.sort_names import sort_name

R = TypeVar("R", bound=Record)
MOST_NAMED = 10


@contextmanager
def refusals_of(model: type[Record]) -> Iterator[None]:
    """Turn a constraint that an administrator's input can violate into Invalid; other errors pass."""
    try:
        yield
    except IntegrityError as error:
        violated = violated_rule(error, model)
        if violated not in CONSTRAINT_FIELDS:
            raise
        sentences = {rule.name: str(rule.get_violation_error_message()) for rule in model._meta.constraints}
        raise Invalid(CONSTRAINT_FIELDS[violated], sentences[violated], violated) from None


def lock(record: R) -> R:
    """The row as it is now, locked until the transaction ends. Raises Gone or Managed."""
    model = type(record)
    current = model._default_manager.select_for_update().filter(pk=record.pk).first()
    if current is None:
        raise Gone(f"“{record.known_name}” was deleted in the meantime.")
    require_own(current)
    return current


def subject(record: Record) -> audit.Subject:
    """The record as the object of an audit event."""
    kind = {"provisioningkey": "key", "serviceedgegroup": "group", "signingcertificate": "certificate"}
    return audit.Subject(kind[record._meta.model_name or ""], str(record.pk), record.name)


def attempted(record: Record) -> audit.Subject:
    """The same for a refusal: under the name that the record has, whatever somebody typed as a new one."""
    return replace(subject(record), name=record.known_name)


def require_valid(current: R, edited: R, *, fields: Collection[str], version: int, rules: Rules = NO_RULES) -> None:
    """Raise Invalid for a bad `version` or for what an edit changes to something that is not accepted, or Stale.

    What it leaves as it was is not judged: an expired key can still be renamed. The rules, which look at the current
    row, come after Stale: somebody else may have changed what they are about.
    """
    if type(version) is not int:
        raise Invalid("version", "Give the whole number that was the version of the record when it was read.")
    columns = {name: current._meta.get_field(name).attname for name in fields}  # type: ignore[union-attr]  # see _label
    changed = [
        name for name, column in columns.items() if is_changed(getattr(current, column), getattr(edited, column))
    ]
    clean(edited, changed, rules if version == current.version else NO_RULES)
    require_version(current, edited, version, fields)


def require_version(current: Record, edited: Record, version: int, fields: Collection[str]) -> None:
    """Raise Stale, with both values of each differing field, unless `version` is the current one."""
    if current.version == version:
        return
    differences = [
        Difference(_label(current, name), in_words(current, name), in_words(edited, name))
        for name in fields
        if getattr(current, name) != getattr(edited, name)
    ]
    raise Stale(current.modified_by, current.modified_at, current.version, differences)


def _label(record: Record, name: str) -> str:
    label = str(record._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # never a reverse relation
    return label[:1].upper() + label[1:]


def display(record: Model, name: str) -> Any:
    """The value of a field as audit events and refusals hold it."""
    value = getattr(record, name)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else value


def in_words(record: Model, name: str) -> Any:
    """The value of a field as pages show it; a moment is left for them, which know the zone of the reader."""
    value = display(record, name)
    return value if isinstance(value, datetime) else field_words.shown(name, value)


def changes(current: Record, edited: Record, fields: Collection[str]) -> dict[str, list[str]]:
    """`{field: [old, new]}` of what differs, as audit detail."""
    return {
        name: [str(display(current, name)), str(display(edited, name))]
        for name in fields
        if getattr(current, name) != getattr(edited, name)
    }


def described(record: Record) -> dict[str, str]:
    """The fields of a record that are not empty, as audit detail of its creation or deletion."""
    listed = DETAIL_FIELDS[subject(record).kind]
    values = {
        each.name: str(display(record, each.name)) for each in record._meta.concrete_fields if each.name in listed
    }
    return {name: value for name, value in values.items() if value}


def record_edit(action: str, actor: Actor, record: Record, detail: dict[str, list[str]]) -> None:
    """Write the event of an edit with this detail of `changes`. Raising a maximum is a separate event."""
    raised = {name: pair for name, pair in detail.items() if name == "max_uses" and int(pair[0]) < int(pair[1])}
    others = {name: pair for name, pair in detail.items() if name not in raised}
    if raised:
        audit.record(audit.Action.KEY_LIMIT_RAISED, actor, subject(record), detail=raised)
    if others:
        audit.record(action, actor, subject(record), detail=others)


def save(current: R, edited: R, fields: Collection[str], actor: Actor, **extra: Any) -> None:
    """Write `fields` of `edited` over the locked `current`, and nothing else: counters keep moving meanwhile."""
    values = {name: getattr(edited, name) for name in fields}
    if "name" in values:
        values["sort_name"] = sort_name(edited.name)
    values |= {"version": current.version + 1, "modified_at": timezone.now(), "modified_by": actor.name, **extra}
    with refusals_of(type(current)), transaction.atomic():
        type(current)._default_manager.filter(pk=current.pk).update(**values)


def edit(
    record: R,
    *,
    fields: Collection[str],
    version: int,
    action: str,
    actor: Actor,
    rules: Rules = NO_RULES,
) -> None:
    """The whole edit of a record. Raises Gone, Managed, Stale or Invalid."""
    with attempt(action, actor, attempted(record)):
        current = lock(record)
        require_valid(current, record, fields=fields, version=version, rules=rules)
        detail = changes(current, record, fields)
        if detail:
            save(current, record, fields, actor)
            record_edit(action, actor, record, detail)


def delete_unused(record: Record, *, action: str, actor: Actor) -> None:
    """The whole deletion of a record that others may depend on. Raises InUse, Gone or Managed."""
    with attempt(action, actor, attempted(record)):
        current = lock(record)
        _require_unused(current)
        detail = described(current)
        try:
            current.delete()
        except ProtectedError:
            raise InUse("Something began to use this in the meantime.") from None
        audit.record(action, actor, subject(record), detail=detail)


def _require_unused(record: Record) -> None:
    """Name the first that depend on the record; there may be a million, and Django would load them all."""
    users: list[str] = []
    for relation in record._meta.related_objects:
        if relation.on_delete is CASCADE:
            # A part of the record, which goes with it.
            continue
        rows = relation.related_model._base_manager.filter(**{relation.field.name: record})
        users += map(str, rows.order_by("pk")[: MOST_NAMED + 1])
    if users:
        more = " and more" if len(users) > MOST_NAMED else ""
        raise InUse(f"Still in use by {', '.join(users[:MOST_NAMED])}{more}. Move or delete these first.")
