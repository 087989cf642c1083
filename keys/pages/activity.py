"""What people and commands did with a key or an edge, as its page says it. Machines: `enrollment.pages.history`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.html import format_html

from keys.pages.presentation import Stamp, stamp, time_element
from portal import audit
from portal.models import AuditEvent

SHOWN = 20
MOMENTS = frozenset({"expires_at"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: what, by whom, when, and which values changed."""

    what: str
    who: str
    when: Stamp
    changes: list[str]


def of_key(pk: int) -> list[Entry]:
    """The latest events of a key."""
    return [_entry(event) for event in audit.of_people(str(pk))[:SHOWN]]


def of_edge(uuid: str) -> list[Entry]:
    """The latest events of an edge."""
    return [_entry(event) for event in audit.of_edge(uuid, by_machine=False)[:SHOWN]]


def _entry(event: AuditEvent) -> Entry:
    return Entry(_word(event.action, event.reason), event.actor_name, stamp(event.at), list(_changes(event.detail)))


def _word(action: str, reason: str) -> str:
    verb = action.partition(".")[2].replace("_", " ").capitalize()
    return f"{verb}, refused: {reason.replace('_', ' ')}" if reason else verb


def _changes(detail: dict[str, Any]) -> Iterator[str]:
    """The edited values as "field: old → new"; what an event merely notes is left to the audit log."""
    for name, value in detail.items():
        if isinstance(value, list) and len(value) == 2:
            old, new = (_moment(each) if name in MOMENTS else each for each in value)
            yield format_html("{}: {} → {}", name.replace("_", " "), old, new)


def _moment(text: str) -> str:
    """The audit log keeps a moment as text in UTC; empty is never."""
    try:
        return time_element(datetime.fromisoformat(text))
    except ValueError:
        return text
