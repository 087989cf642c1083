"""Time zones: which there are, the one a page is shown in, and days and moments in it.

Zone data is the system's. Where a machine has none there is only UTC, and nothing fails.
"""

from __future__ import annotations

import functools
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.utils import timezone

UTC_NAME = "UTC"
LONGEST_NAME = 64
# What the machine is set to, or placeholders: not a place whose rules everybody knows.
_NOT_PLACES = frozenset({"localtime", "Factory", "posixrules"})
REGIONS = frozenset(
    {
        "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
    }
)  # fmt: skip
# Browsers still say these old names (CLDR), and some systems keep them in a package of their own.
_RENAMED = {
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Catamarca": "America/Argentina/Catamarca",
    "America/Cordoba": "America/Argentina/Cordoba",
    "America/Godthab": "America/Nuuk",
    "America/Indianapolis": "America/Indiana/Indianapolis",
    "America/Jujuy": "America/Argentina/Jujuy",
    "America/Louisville": "America/Kentucky/Louisville",
    "America/Mendoza": "America/Argentina/Mendoza",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "Atlantic/Faeroe": "Atlantic/Faroe",
    "Europe/Kiev": "Europe/Kyiv",
    "Pacific/Enderbury": "Pacific/Kanton",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
}


@functools.cache
def names() -> frozenset[str]:
    """The names of all zones of this machine, read once; UTC is always one of them."""
    return frozenset(zoneinfo.available_timezones()) - _NOT_PLACES | {UTC_NAME}


@functools.lru_cache(maxsize=1024)
def find(name: str) -> tzinfo | None:
    """The zone of an IANA name, or None. Only names of the list are ever looked for in files."""
    if name == UTC_NAME:
        return UTC
    wanted = name if name in names() else _RENAMED.get(name, "")
    if wanted not in names():
        return None
    try:
        return ZoneInfo(wanted)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def current() -> tzinfo:
    """The zone this request is answered in."""
    try:
        return timezone.get_current_timezone()
    except zoneinfo.ZoneInfoNotFoundError:  # outside requests, where not even UTC has a file
        return UTC


def name_of(zone: tzinfo) -> str:
    """The IANA name of a zone."""
    return getattr(zone, "key", None) or UTC_NAME


def described(zone: tzinfo) -> str:
    """A zone as people read it: name, and what clocks there say now."""
    name, short = name_of(zone), abbreviation(datetime.now(zone))
    return name if name == short else f"{name} ({short})"


def abbreviation(moment: datetime) -> str:
    """CET, EDT and so on; where a zone has only a number for it, the distance from UTC."""
    short = moment.tzname() or ""
    if short.isalpha():
        return short
    distance = f"{moment:%z}"
    return f"UTC{distance[:3]}:{distance[3:5]}"


def local(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """A moment in the current zone, or another; in UTC where the calendar ends before the zone's clock does."""
    try:
        return moment.astimezone(zone or current())
    except OverflowError:
        return moment.astimezone(UTC)


def start_of(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day in a zone, as UTC. Where clocks skip midnight, the moment they skip it."""
    try:
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError:
        return datetime.combine(day, time.min, UTC)


def end_of(day: date, zone: tzinfo) -> datetime:
    """The first moment that is no longer in a day, as UTC; of the last day there is, its last moment."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return start_of(day + timedelta(days=1), zone)


def is_skipped(moment: datetime) -> bool:
    """Whether no clock of the moment's zone ever showed it, because clocks were put forward over it."""
    zone = moment.tzinfo
    return moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment.replace(tzinfo=None)
