"""How values of keys and certificates are said in pages: times, expiry, use. Words first; color only repeats them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from keys.models import UseState

_BARE_COMMA = re.compile(r"(?<!\\),")
_SOON, _URGENT = timedelta(days=30), timedelta(days=7)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
USE_WORDS: dict[str, str] = {UseState.FULL: "At limit", UseState.HIGH: "Nearly used up"}


class Stamp(NamedTuple):
    """A moment: as people read it, and as machines do."""

    text: str
    iso: str

    @property
    def day(self) -> str:
        """Without the time of day."""
        return self.text.partition(",")[0]


@dataclass(frozen=True, slots=True)
class Badge:
    """A short remark on a record; `tone` is danger, warning or quiet."""

    text: str
    tone: str


def stamp(moment: datetime) -> Stamp:
    """A moment in UTC."""
    utc = moment.astimezone(UTC)
    clock = f"{utc.hour:02}:{utc.minute:02}"
    return Stamp(
        f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}, {clock} UTC",
        f"{utc.year:04}-{utc.month:02}-{utc.day:02}T{clock}:{utc.second:02}Z",
    )


def distinguished_name(rfc4514: str) -> str:
    """A subject or issuer with room to break at its commas."""
    return _BARE_COMMA.sub(", ", rfc4514)


def expiry(not_after: datetime, now: datetime) -> Badge | None:
    """What to say about the end of a certificate: red behind it or in its last week, orange in its last month."""
    left = not_after - now
    if left <= timedelta():
        return Badge("Expired", "danger")
    if left >= _SOON:
        return None
    words = f"Expires in {left.days} days" if left.days != 1 else "Expires in 1 day"
    return Badge(words if left.days else "Expires today", "danger" if left < _URGENT else "warning")
