"""How pages show times, names and use: in words, which colors only repeat."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

from keys.models import UseState
from portal import zones

_BARE_COMMA = re.compile(r"(?<!\\),")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
USE_WORDS: dict[str, str] = {UseState.FULL: "At limit", UseState.HIGH: "Nearly used up"}


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
    shown, seconds = stamp(moment), (now - moment).total_seconds()
    day_and_minute, _, zone = shown.text.rpartition(" ")
    # A moment in the future was dated by a clock that is ahead.
    text = "just now" if seconds < 1 else shown.day
    for unit, length, end in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 86_400), ("d", 86_400, 30 * 86_400)):
        if length <= seconds < end:
            text = f"{int(seconds) // length} {unit} ago"
    return Ago(text, f"{day_and_minute}:{moment.second:02} {zone}", shown.iso)


def stamp(moment: datetime, zone: tzinfo | None = None) -> Stamp:
    """A moment in a zone with the zone's short name, and in UTC for machines. Default: the zone of the request."""
    local, utc = zones.local(moment, zone), moment.astimezone(UTC)
    # `strftime` takes three times as long, and a page of keys shows hundreds of moments.
    return Stamp(
        f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {local.hour:02}:{local.minute:02} "
        f"{zones.abbreviation(local)}",
        f"{utc.isoformat()[:19]}Z",
    )


def time_element(moment: datetime) -> SafeString:
    """A moment as HTML."""
    shown = stamp(moment)
    return format_html('<time datetime="{}">{}</time>', shown.iso, shown.text)


def attributes(rfc4514: str) -> list[str]:
    """A subject or issuer, one attribute an item, such as `CN=Root`."""
    return _BARE_COMMA.split(rfc4514) if rfc4514 else []


def colons(digits: str) -> str:
    """Hexadecimal digits of a serial or a fingerprint as people compare them: `3F:A0:…`."""
    whole = digits.zfill(len(digits) + len(digits) % 2)
    return ":".join(whole[at : at + 2] for at in range(0, len(whole), 2)).upper()
