"""Events in bulk for the page benchmark, without their operations: as many as keys, over half a year.

One user did half of what people did, to few keys, and machines share few addresses: what each filter finds fills a page
at 10,000 events too, so that pages are compared that show as many.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from portal import audit
from portal.actors import Actor
from portal.audit_actions import Action
from portal.bulk_insert import bulk_insert
from portal.models import AuditEvent

_PERIOD = timedelta(days=180)
_COLUMNS = (
    "at", "action", "outcome", "reason", "actor_kind", "actor_id", "actor_name", "interface", "client_ip", "request_id",
    "object_kind", "object_id", "object_name", "detail", "once",
)  # fmt: skip


def add(count: int) -> None:
    """Add so many events, of which machines did most; the last one is of now."""
    start = timezone.now() - _PERIOD
    rows = (_event(number, start + _PERIOD * ((number + 1) / count)) for number in range(count))
    bulk_insert(AuditEvent, _COLUMNS, (_values(each) for each in rows))


def _values(event: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(json.dumps(event[name]) if name == "detail" else event[name] for name in _COLUMNS)


def _event(number: int, at: datetime) -> dict[str, Any]:
    address, request = f"10.{number % 200}.7.7", f"{number:016x}"
    if number % 20:
        machine = Actor("edge", "", "enrollment", client_ip=address, request_id=request)
        edge = audit.Subject("edge", f"{number % 9973:032x}", f"edge-{number % 9973}")
        refused = "key_exhausted" if number % 20 == 1 else ""
        done = Action.EDGE_ENROLLED if number % 20 == 2 else Action.EDGE_RENEWED
        return audit.row(Action.EDGE_REFUSED if refused else done, machine, edge, reason=refused, at=at)
    name, key = "user7" if number % 40 else f"user{number % 49}", number // 20 % 9
    person = Actor("user", name, "portal", id=name.removeprefix("user"), client_ip=address, request_id=request)
    return audit.row(Action.KEY_COPIED, person, audit.Subject("key", str(key), f"k{key}"), at=at)
