"""How pages show times: in the reader's zone for people, in UTC for programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal import zones

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Stamp(NamedTuple):
    """A moment as text for people and in ISO 8601 for machines."""

    text: str
    iso: str

    @property
    def day(self) -> str:
        """Without the time of day."""
        return self.text.partition(",")[0]


class Ago(NamedTuple):
    """A moment as its distance from now, exactly to the second for people, and in ISO 8601 for machines."""

    text: str
    exact: str
    iso: str


def ago(moment: datetime, now: datetime) -> Ago:
    """A moment of the last month in the largest whole unit, an older one as its day; in the zone of the request."""
    shown, length = stamp(moment), now - moment
    day_and_minute, _, zone = shown.text.rpartition(" ")
    # A moment in the future was dated by a clock that is ahead.
    text = "just now" if length < timedelta(seconds=1) else f"{duration(length)} ago"
    return Ago(
        text if length < timedelta(days=30) else shown.day, f"{day_and_minute}:{moment.second:02} {zone}", shown.iso
    )


def stamp(moment: datetime, zone: tzinfo | None = None) -> Stamp:
    """A moment in a zone with the zone's short name, and in UTC for machines. Default: the zone of the request."""
    local, utc = zones.local(moment, zone), moment.astimezone(UTC)
    # `strftime` takes three times as long, and a page of keys shows hundreds of moments.
    return Stamp(
        f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {local.hour:02}:{local.minute:02} "
        f"{zones.abbreviation(local)}",
        f"{utc.isoformat()[:19]}Z",
    )


def duration(length: timedelta) -> str:
    """How long something lasted or is ago, in its largest unit: "12 s", "5 min", "3 h", "40 days"."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        return f"{seconds // 3600} h"
    days = seconds // 86400
    return f"{days:,} days" if days > 1 else "1 day"


def time_element(moment: datetime) -> SafeString:
    """A moment as HTML."""
    shown = stamp(moment)
    return format_html('<time datetime="{}">{}</time>', shown.iso, shown.text)
