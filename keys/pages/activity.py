"""Events of people and commands on a key or an edge, for its page. Those of machines: `enrollment.pages.history`."""

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
    """One event: what was done, by whom, when, and which values changed."""

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
    what = event.action.partition(".")[2].replace("_", " ").capitalize()
    if event.reason:
        what = f"{what}, refused: {event.reason.replace('_', ' ')}"
    return Entry(what, event.actor_name, stamp(event.at), list(_changes(event.detail)))


def _changes(detail: dict[str, Any]) -> Iterator[str]:
    """Edited values as "field: old → new". Only the audit log shows other details."""
    for name, value in detail.items():
        if isinstance(value, list) and len(value) == 2:
            old, new = (_time_or_text(each) if name in MOMENTS else each for each in value)
            yield format_html("{}: {} → {}", name.replace("_", " "), old, new)


def _time_or_text(text: str) -> str:
    """A time, which an event holds as text in UTC. Empty text means never."""
    try:
        return time_element(datetime.fromisoformat(text))
    except ValueError:
        return text
