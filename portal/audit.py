"""Writing and reading audit events. The fields of `detail` are allow-listed, so that no secret enters the log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal import audit_tallies
from portal.actors import Actor
from portal.audit_actions import DETAIL_FIELDS, Action
from portal.models import BY_MACHINE, BY_PEOPLE, KEY_PUBLIC_ID, ON_A_KEY, AuditEvent
from portal.object_ids import AsNumber

Outcome = AuditEvent.Outcome
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
# Rows a minute for one actor, action, reason and object. Further events are only counted.
FIRST = 10
# Rows a minute for one action and reason of unauthenticated callers, from all networks together.
MOST_NETWORKS = 20
# The interfaces of people and commands.
_OF_PEOPLE = ("portal", "support", "api", "command")
# Successful actions that a caller can repeat without limit. Their rows are limited as those of refusals are.
_REPEATABLE = frozenset({Action.EDGE_REPLAYED})


@dataclass(frozen=True, slots=True)
class Subject:
    """The object of an event. `kind` is the noun of the action: key, group, certificate, edge, list, view or user."""

    kind: str
    id: str = ""
    name: str = ""


def row(
    action: str,
    actor: Actor,
    subject: Subject,
    *,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    once: str | None = None,
) -> dict[str, Any]:
    """The column values of one event. An event with a `reason` (a stable code) is a refusal.

    Raises ValueError when `detail` holds a field that DETAIL_FIELDS does not list for the action.
    """
    detail = dict(detail or {})
    if unknown := detail.keys() - DETAIL_FIELDS[action.partition(".")[0]]:
        raise ValueError(f"{action} may not record {', '.join(sorted(unknown))}.")
    return {
        "at": at or timezone.now(),
        "action": str(action),
        "outcome": str(Outcome.REFUSED if reason else Outcome.SUCCESS),
        "reason": reason,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name[:300],
        "interface": actor.interface,
        "client_ip": actor.client_ip,
        "request_id": actor.request_id,
        "object_kind": subject.kind,
        "object_id": subject.id,
        "object_name": subject.name[:300],
        "detail": detail,
        "once": once,
    }


def record(action: str, actor: Actor, subject: Subject, **fields: Any) -> None:
    """Write one event in the caller's transaction; see `row` for the fields. A failing insert fails the operation.

    Refusals and replays, which a caller can repeat without limit, get FIRST rows a minute for the same actor, reason
    and object. Further ones are counted; after the minute `audit_tallies` writes one event with their `count`.
    """
    values = row(action, actor, subject, **fields)
    if not values["reason"] and action not in _REPEATABLE:
        AuditEvent.objects.create(**values)
        return
    scope = "|".join([str(action), values["reason"], actor.kind, actor.id, subject.kind, subject.id])
    with transaction.atomic():
        if audit_tallies.count_up(scope, audit_tallies.minute_of(timezone.now()), values) <= FIRST:
            AuditEvent.objects.create(**values)


def record_all(rows: Iterable[dict[str, Any]]) -> None:
    """Write many events in the caller's transaction; each item is a result of `row`."""
    AuditEvent.objects.bulk_create([AuditEvent(**values) for values in rows], batch_size=500)


def record_once(action: str, actor: Actor, subject: Subject, *, once: str, reason: str) -> bool:
    """Write the refusal of an unauthenticated caller, unless this minute has enough of them.

    `once` is the caller's network. Each reason gets one row a minute for each network, and MOST_NETWORKS rows a minute
    in all, across all processes; the metrics count every refusal. Returns False when MOST_NETWORKS is reached.
    """
    minute = audit_tallies.minute_of(timezone.now())
    everywhere = f"{action}|{reason}"
    once = f"{everywhere}|{once}|{minute:%Y-%m-%dT%H:%M}"
    if audit_tallies.seen(everywhere, minute) >= MOST_NETWORKS:
        return False
    if not AuditEvent.objects.filter(once=once).exists():
        event = AuditEvent(**row(action, actor, subject, reason=reason, once=once))
        with transaction.atomic():
            if audit_tallies.count_up(everywhere, minute) <= MOST_NETWORKS:
                AuditEvent.objects.bulk_create([event], ignore_conflicts=True)
    return True


def write_counts() -> None:
    """Write the events with the counts of past minutes; see `record`."""
    audit_tallies.write_finished(FIRST)


def keys_of_request(request_id: str) -> dict[str, QuerySet[Any]]:
    """Values of the columns `pk` and `public_id` of the keys that a request was about; empty if it is no request id."""
    if not REQUEST_ID.fullmatch(request_id):
        return {}
    found = AuditEvent.objects.filter(request_id=request_id).order_by()
    # SQLite would read all events of keys for the word in the other index.
    ids = found.filter(ON_A_KEY).values(key=AsNumber("object_id"))
    return {"pk": ids, "public_id": found.values(of_key=KEY_PUBLIC_ID)}


def history(kind: str, object_id: str, count: int) -> list[AuditEvent]:
    """The latest events of one object, newest first."""
    return list(AuditEvent.objects.filter(object_kind=kind, object_id=object_id).order_by("-id")[:count])


def of_machines(key_public_id: str) -> QuerySet[AuditEvent]:
    """Events of edges that used the key with this public id, newest first; an index holds this order."""
    found = AuditEvent.objects.filter(BY_MACHINE).annotate(of_key=KEY_PUBLIC_ID)
    return found.filter(of_key=key_public_id).order_by("-id")


def of_people(key_id: str) -> QuerySet[AuditEvent]:
    """Events of people and commands on a key, newest first; an index holds this order."""
    return AuditEvent.objects.filter(ON_A_KEY, BY_PEOPLE, object_id=key_id).order_by("-id")


def latest_of_people(count: int) -> list[AuditEvent]:
    """The latest events of people and commands, newest first. Each interface is one end of an index."""
    of_people = AuditEvent.objects.filter(BY_PEOPLE).order_by("-at", "-id")
    ends = [of_people.filter(interface=each).values("pk")[:count] for each in _OF_PEOPLE]
    # An end as a subquery, because SQLite limits no part of a union.
    first, *others = (AuditEvent.objects.filter(pk__in=end).order_by() for end in ends)
    return list(first.union(*others, all=True).order_by("-at", "-id")[:count])


def of_edge(uuid: str, *, by_machine: bool) -> QuerySet[AuditEvent]:
    """Events of an edge, newest first: its own (`by_machine`), or those of people and commands on it."""
    found = AuditEvent.objects.filter(BY_MACHINE if by_machine else BY_PEOPLE)
    return found.filter(object_kind="edge", object_id=uuid).order_by("-id")


def refusals() -> QuerySet[AuditEvent]:
    """Refusals of edges that sent a key, newest first; an index holds this order for each `object_id`.

    `object_id` is the id of the key as text, or empty for an unrecognized key.
    """
    return AuditEvent.objects.filter(ON_A_KEY, BY_MACHINE).order_by("-at", "-id")


def detail_as_json(values: dict[str, Any]) -> dict[str, Any]:
    """The result of `row` with `detail` as JSON text, for plain SQL."""
    return {**values, "detail": json.dumps(values["detail"])}
