"""Events in bulk for the page benchmark, without their operations: as many as keys, over half a year."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from enrollment.pages.audit_log import EventTable
from portal import audit
from portal.actors import Actor
from portal.audit_actions import Action
from portal.models import AuditEvent

_AT_ONCE = 500
_PERIOD = timedelta(days=180)


def add(count: int) -> dict[str, str]:
    """Add so many events, of which machines did most; returns a cursor to the middle of the audit log."""
    start = timezone.now() - _PERIOD
    for first in range(0, count, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, count))
        audit.record_all(_event(number, start + _PERIOD * (number / count)) for number in numbers)
    middle = AuditEvent.objects.order_by("-at")[count // 2]
    return {"event": EventTable.orders()["time"].write_cursor(middle)}


def _event(number: int, at: datetime) -> dict[str, object]:
    address, request = f"10.{number % 200}.{number // 200 % 200}.7", f"{number:016x}"
    if number % 20:
        machine = Actor("edge", "", "enrollment", client_ip=address, request_id=request)
        edge = audit.Subject("edge", f"{number % 9973:032x}", f"edge-{number % 9973}")
        refused = "key_exhausted" if number % 20 == 1 else ""
        return audit.row(Action.EDGE_REFUSED if refused else Action.EDGE_RENEWED, machine, edge, reason=refused, at=at)
    person = Actor("user", f"user{number % 49}", "portal", id=str(number % 49), client_ip=address, request_id=request)
    return audit.row(Action.KEY_COPIED, person, audit.Subject("key", str(number % 997), f"k{number % 997}"), at=at)
