"""The rows of the list of edges as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from django.urls import get_script_prefix

from enrollment.models import BEFORE_ALL
from enrollment.pages.edge_rows import ListedEdge
from enrollment.pages.edge_state import EdgeState, edge_state
from keys.pages.expiry_badge import Badge, expiry
from portal import zones
from portal.lists.columns import Cells
from portal.lists.row_text import escaped, row_text
from portal.long_texts import in_column, is_long
from portal.times import Stamp, stamp
from portal.tones import Tone

_NEVER = Stamp("", "")
# The head of the column has the word already.
_EXPIRES = re.compile("Expires (in )?")


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
    # Of the badge of its certificate's end; empty without a badge. With `is_certified` it has one that is not revoked.
    expiry_tone: str
    is_certified: bool
    is_long: bool

    def for_templates(self) -> dict[str, Any]:
        """All of it by name, as the template of a state asks it too."""
        return self._asdict() | ({} if self.has_since else {"since": ""})


def badge_of(edge: ListedEdge, now: datetime) -> Badge | None:
    """The badge of the end of its certificate, if it has one and that is near or over."""
    return expiry(edge.certificate_until, now) if edge.certificate_until > BEFORE_ALL else None


def state_of(edge: ListedEdge, state: EdgeState, badge: Badge | None, is_open: bool) -> EdgeRowState:
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
        expiry_tone=badge.tone if badge else "",
        is_certified=edge.certificate_until > BEFORE_ALL,
        is_long=any(map(is_long, (edge.name, edge.group__name, edge.key_name))),
    )


def values_of(edge: ListedEdge, state: EdgeState, badge: Badge | None, zone: tzinfo) -> dict[str, str]:
    """The values of a row as text."""
    enrolled = stamp(edge.enrolled_at, zone)
    until = stamp(edge.certificate_until, zone)
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
        "expiry": _EXPIRES.sub("", badge.text).capitalize() if badge else "",
        "until": until.text,
        "until_day": until.day,
        "until_iso": until.iso,
    }


def render_rows(
    edges: Iterable[ListedEdge], now: datetime, is_open: Callable[[int], bool], cells: Cells
) -> Iterator[str]:
    """The rows of a page, one after the other."""
    zone, prefix = zones.current(), get_script_prefix()
    for edge in edges:
        state = edge_state(edge, now, zone)
        badge = badge_of(edge, now)
        text = row_text("enrollment/_edge_row.html", state_of(edge, state, badge, is_open(edge.id)), cells, prefix)
        values = escaped(values_of(edge, state, badge, zone))
        values["name_title"] = in_column(edge.name)
        values["group_title"], values["key_title"] = in_column(edge.group__name), in_column(edge.key_name)
        yield text.with_values(values)
