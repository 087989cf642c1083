"""The state of an edge in a word, for every page: revoked, disabled, or whether it is connected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from portal.times import duration, stamp
from portal.tones import Tone

# `enroll_edge --watch` sends a heartbeat every 60 s, give or take a tenth. Two lost heartbeats or a slow renewal do not
# show yet.
IN_TOUCH = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class EdgeState:
    """`word` is the state for a person and `tone` the color of its dot.

    `since` is how long ago the last contact was, and `last` its moment for people, `last_iso` for programs; or empty.
    """

    word: str
    tone: Tone
    since: str = ""
    last: str = ""
    last_iso: str = ""

    def __str__(self) -> str:
        return f"{self.word} · {self.since}" if self.since else self.word


def edge_state(edge: Any, now: datetime, zone: tzinfo | None = None) -> EdgeState:
    """The state of an edge of `edge_rows`. One that is revoked or disabled has no connection to speak of.

    `zone` is that of the request by default.
    """
    if edge.deleted_at:
        return EdgeState("Deleted", Tone.OFF)
    if is_revoked(edge, now):
        return EdgeState("Revoked", Tone.DANGER)
    return connection(edge.last_contact_at, now, zone) if edge.enabled else EdgeState("Disabled", Tone.OFF)


def is_revoked(edge: Any, now: datetime) -> bool:
    """Whether a certificate of an edge was revoked and none of the others is in force.

    An expired certificate that nobody revoked does not keep a revoked edge alive.
    """
    return edge.revoked_from is not None and edge.revoked_from <= now


def connection(last_contact_at: datetime | None, now: datetime, zone: tzinfo | None = None) -> EdgeState:
    """Connected: in contact within the last three minutes. An edge without heartbeats is never connected, and may work.

    A contact in the future was dated while the clock was ahead, so it does not count.
    """
    if last_contact_at is None:
        return EdgeState("Never connected", Tone.OFF)
    last = stamp(last_contact_at, zone)
    if abs(now - last_contact_at) <= IN_TOUCH:
        return EdgeState("Connected", Tone.OK, f"{duration(now - last_contact_at)} ago", *last)
    if last_contact_at > now:
        return EdgeState("Disconnected", Tone.WARNING, f"last contact dated {last.text}", *last)
    return EdgeState("Disconnected", Tone.WARNING, duration(now - last_contact_at), *last)
