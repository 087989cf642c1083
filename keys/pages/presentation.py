"""How pages show times, expiry and use: in words, which colors only repeat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

from keys.models import UseState
from portal import zones

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
    """A short remark on a record; `tone` is danger, warning, info or quiet."""

    text: str
    tone: str


def stamp(moment: datetime, zone: tzinfo | None = None) -> Stamp:
    """A moment in a zone, that of the request unless another is given, with its short name; for machines in UTC."""
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


def distinguished_name(rfc4514: str) -> str:
    """A subject or issuer with room to break at its commas."""
    return _BARE_COMMA.sub(", ", rfc4514)


def colons(digits: str) -> str:
    """Hexadecimal digits of a serial or a fingerprint as people compare them: `3F:A0:…`."""
    whole = digits.zfill(len(digits) + len(digits) % 2)
    return ":".join(whole[at : at + 2] for at in range(0, len(whole), 2)).upper()


def expiry(not_after: datetime, now: datetime) -> Badge | None:
    """The badge for the end of a certificate: red after it, orange in its last week, blue in its last month.

    "In n days" is n times 24 hours; "today" and "tomorrow" are days of the zone the page is shown in.
    """
    left = not_after - now
    if left <= timedelta():
        return Badge("Expired", "danger")
    if left >= _SOON:
        return None
    return Badge(_expires(not_after, now, left.days), "warning" if left < _URGENT else "info")


def _expires(not_after: datetime, now: datetime, days: int) -> str:
    if days:
        return f"Expires in {days} days" if days > 1 else "Expires in 1 day"
    return "Expires today" if zones.local(not_after).date() == zones.local(now).date() else "Expires tomorrow"
