"""Whether an edge is connected, for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from keys.pages.presentation import Stamp, stamp

# `enroll_edge --watch` sends a heartbeat every 60 s, give or take a tenth. Two lost heartbeats or a slow renewal do not
# show yet.
IN_TOUCH = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Connection:
    """`word` is the state for a person, `tone` one of ok, lost and never, `last` the last contact or None."""

    word: str
    tone: str
    last: Stamp | None = None


def connection(last_contact_at: datetime | None, now: datetime) -> Connection:
    """Connected: in contact within the last three minutes. An edge without heartbeats is never connected, and may work.

    A contact in the future was dated while the clock was ahead, so it does not count.
    """
    if last_contact_at is None:
        return Connection("Never connected", "never")
    if abs(now - last_contact_at) <= IN_TOUCH:
        return Connection("Connected", "ok", stamp(last_contact_at))
    if last_contact_at > now:
        return Connection("Disconnected, last contact dated", "lost", stamp(last_contact_at))
    return Connection("Disconnected since", "lost", stamp(last_contact_at))
