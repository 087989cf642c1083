"""What was done with a key, as its page says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keys.presentation import Stamp, stamp
from portal import audit

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: what, by whom, when, and which values changed."""

    what: str
    who: str
    when: Stamp
    changes: list[str]


def of_key(pk: int) -> list[Entry]:
    """The latest events of a key."""
    return [
        Entry(_word(event.action, event.reason), event.actor_name, stamp(event.at), list(_changes(event.detail)))
        for event in audit.history("key", str(pk), SHOWN)
    ]


def _word(action: str, reason: str) -> str:
    verb = action.partition(".")[2].replace("_", " ").capitalize()
    return f"{verb}, refused: {reason.replace('_', ' ')}" if reason else verb


def _changes(detail: dict[str, Any]) -> Iterator[str]:
    """The edited values as "field: old → new"; what an event merely notes is left to the audit log."""
    for name, value in detail.items():
        if isinstance(value, list) and len(value) == 2:
            yield f"{name.replace('_', ' ')}: {value[0]} → {value[1]}"
