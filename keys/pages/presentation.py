"""How pages show times, names and use: in words, which colors only repeat."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

from keys.models import KeyState
from portal import zones
from portal.tones import Tone

_BARE_COMMA = re.compile(r"(?<!\\),")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STATE_TONES: dict[KeyState, Tone] = {
    **dict.fromkeys(KeyState, Tone.DANGER),
    KeyState.READY: Tone.OK,
    KeyState.NEARLY_USED_UP: Tone.WARNING,
    KeyState.DISABLED: Tone.OFF,
    KeyState.GROUP_DISABLED: Tone.OFF,
    KeyState.CERTIFICATE_DISABLED: Tone.OFF,
    KeyState.CERTIFICATE_PENDING: Tone.WARNING,
    KeyState.CERTIFICATE_NOT_YET_VALID: Tone.WARNING,
}
STATE_SENTENCES: dict[KeyState, str] = {
    KeyState.READY: "Edges can enroll.",
    KeyState.NEARLY_USED_UP: "Edges can enroll. Four fifths of the uses or more are taken.",
    KeyState.AT_LIMIT: "All uses are taken. Edges can enroll again when its limit is raised.",
    KeyState.DISABLED: "Refuses enrollment until it is enabled.",
    KeyState.EXPIRED: "Refuses enrollment until a later expiry is set.",
    KeyState.GROUP_DISABLED: "Refuses enrollment until its group is enabled.",
    KeyState.CERTIFICATE_DISABLED: "Refuses enrollment until its signing certificate is enabled, or replaced.",
    KeyState.CERTIFICATE_EXPIRED: (
        "Refuses enrollment: its signing certificate has expired or expires within a day. Choose another one."
    ),
    KeyState.CERTIFICATE_NOT_YET_VALID: "Refuses enrollment until its signing certificate is valid.",
    KeyState.CERTIFICATE_PENDING: "Refuses enrollment until its signing certificate is uploaded.",
    KeyState.CERTIFICATE_WITHOUT_PRIVATE_KEY: (
        "Refuses enrollment: the private key of its signing certificate is not here. Choose another one."
    ),
    KeyState.DIFFERENT_ROOT: (
        "Its text pins a different root from that of its signing certificate. Edges that check the pin are refused. "
        "Create a new key, or choose a certificate of the pinned root."
    ),
}


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


def attributes(rfc4514: str) -> list[str]:
    """A subject or issuer, one attribute an item, such as `CN=Root`."""
    return _BARE_COMMA.split(rfc4514) if rfc4514 else []


def colons(digits: str) -> str:
    """Hexadecimal digits of a serial or a fingerprint as people compare them: `3F:A0:…`."""
    whole = digits.zfill(len(digits) + len(digits) % 2)
    return ":".join(whole[at : at + 2] for at in range(0, len(whole), 2)).upper()
