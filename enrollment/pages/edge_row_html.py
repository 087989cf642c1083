"""The rows of the list of edges as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from django.urls import get_script_prefix

from enrollment.pages.edge_rows import ListedEdge
from enrollment.pages.edge_state import EdgeState, edge_state
from portal import zones
from portal.lists.columns import Cells
from portal.lists.row_text import escaped, row_text
from portal.long_texts import is_long
from portal.times import Stamp, stamp
from portal.tones import Tone

_NEVER = Stamp("", "")


class EdgeRowState(NamedTuple):
    """What the template branches on; the values are substituted."""

    open: bool
    word: str
    tone: Tone
    has_since: bool
    has_contact: bool
    has_key: bool
    has_platform: bool
    has_addresses: bool
    has_source: bool
    is_long: bool

    def for_templates(self) -> dict[str, Any]:
        """All of it by name, as the template of a state asks it too."""
        return self._asdict() | ({} if self.has_since else {"since": ""})


def state_of(edge: ListedEdge, state: EdgeState, is_open: bool) -> EdgeRowState:
    """The state of a row."""
    return EdgeRowState(
        is_open,
        state.word,
        state.tone,
        has_since=bool(state.since),
        has_contact=edge.last_contact_at is not None,
        has_key=edge.key_id is not None,
        has_platform=bool(edge.platform),
        has_addresses=bool(edge.addresses),
        has_source=bool(edge.enrolled_from),
        is_long=any(map(is_long, (edge.name, edge.group__name, edge.key_name))),
    )


def values_of(edge: ListedEdge, state: EdgeState, zone: tzinfo) -> dict[str, str]:
    """The values of a row as text."""
    enrolled = stamp(edge.enrolled_at, zone)
    last = stamp(edge.last_contact_at, zone) if edge.last_contact_at else _NEVER
    return {
        "id": str(edge.id),
        "name": edge.name,
        "group_id": str(edge.group_id),
        "group": edge.group__name,
        "since": state.since,
        "last": last.text,
        "last_iso": last.iso,
        "version": edge.version,
        "platform": edge.platform,
        "addresses": ", ".join(edge.addresses),
        "key": edge.key_name,
        "key_id": str(edge.key_id),
        "enrolled": enrolled.text,
        "enrolled_day": enrolled.day,
        "enrolled_iso": enrolled.iso,
        "enrolled_from": edge.enrolled_from or "",
        "serial": edge.serial or "",
    }


def render_rows(
    edges: Iterable[ListedEdge], now: datetime, is_open: Callable[[int], bool], cells: Cells
) -> Iterator[str]:
    """The rows of a page, one after the other."""
    zone, prefix = zones.current(), get_script_prefix()
    for edge in edges:
        state = edge_state(edge, now, zone)
        text = row_text("enrollment/_edge_row.html", state_of(edge, state, is_open(edge.id)), cells, prefix)
        yield text.with_values(escaped(values_of(edge, state, zone)))
