"""The badge of what ends soon: in words, which colors only repeat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal import zones

# From two years years are counted, from two months months.
_UNITS = (
    ("year", timedelta(days=365.25), 2),
    ("month", timedelta(days=30.4375), 2),
    ("day", timedelta(days=1), 1),
    ("hour", timedelta(hours=1), 1),
    ("minute", timedelta(minutes=1), 0),
)
SOON, _URGENT = timedelta(days=30), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Badge:
    """A short remark on a record; `tone` is danger, warning, info or quiet."""

    text: str
    tone: str


def expiry(not_after: datetime, now: datetime) -> Badge | None:
    """The badge for the end of a certificate: red after it, orange in its last week, blue in its last month.

    "In n days" is n times 24 hours; "today" and "tomorrow" are days of the zone the page is shown in.
    """
    left = not_after - now
    if left <= timedelta():
        return Badge("Expired", "danger")
    if left >= SOON:
        return None
    return Badge(_expires(not_after, now, left.days), "warning" if left < _URGENT else "info")


def _expires(not_after: datetime, now: datetime, days: int) -> str:
    if days:
        return f"Expires in {days} days" if days > 1 else "Expires in 1 day"
    return "Expires today" if zones.local(not_after).date() == zones.local(now).date() else "Expires tomorrow"


def time_left(not_after: datetime, now: datetime) -> str:
    """The time until a certificate ends, rounded down: "14 years", "7 months", "45 days"; empty once it has ended."""
    left = not_after - now
    for unit, length, least in _UNITS:
        if left >= least * length:
            number = left // length
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return ""
