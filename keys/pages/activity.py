"""Events of people and commands on a key or an edge, for its timeline; of machines: `enrollment.pages.history`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone
from django.utils.html import format_html

from keys import field_words
from portal import audit_detail
from portal.audit_actions import EDITS
from portal.models import AuditEvent
from portal.times import Ago, ago


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: what was done, by whom, when, which values changed, and from which address, if it is known."""

    what: str
    who: str
    when: Ago
    changes: list[str]
    address: str


def described(event: AuditEvent) -> Entry:
    """An event as pages show it."""
    what = event.action.partition(".")[2].replace("_", " ").capitalize()
    if event.reason:
        what = f"{what}, refused: {event.reason.replace('_', ' ')}"
    when = ago(event.at, timezone.now())
    return Entry(what, event.actor_name, when, list(_changes(event)), event.client_ip or "")


def _changes(event: AuditEvent) -> Iterator[str]:
    """Edited values as "field: old → new". Only the audit log shows other details."""
    for name, value in audit_detail.fields(event.detail).items() if event.action in EDITS else ():
        if isinstance(value, list) and len(value) == 2:
            old, new = (field_words.as_html(name, each) for each in value)
            yield format_html("{}: {} → {}", field_words.label(name), old, new)
