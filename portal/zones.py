"""Time zones: their names, the zone of the current request, and conversions of days and times.

Zone data comes from the system. On a machine without it the only zone is UTC.
"""

from __future__ import annotations

import functools
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.utils import timezone

UTC_NAME = "UTC"
LONGEST_NAME = 64
# Placeholders and links to the machine's own zone, whose rules differ between machines.
_NOT_PLACES = frozenset({"localtime", "Factory", "posixrules"})
REGIONS = frozenset(
    {
        "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
    }
)  # fmt: skip
# Browsers still use these old names (CLDR), which some systems install only with a separate package.
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
    """The names of this machine's zones, read once. UTC is always one of them."""
    return frozenset(zoneinfo.available_timezones()) - _NOT_PLACES | {UTC_NAME}


@functools.lru_cache(maxsize=1024)
def find(name: str) -> tzinfo | None:
    """The zone with an IANA name, or None. Only listed names are looked up in files, because `name` may be input."""
    if name == UTC_NAME:
        return UTC
    wanted = name if name in names() else _RENAMED.get(name, "")
    if wanted not in names():
        return None
    try:
        return ZoneInfo(wanted)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def shown(chosen: str, of_browser: str) -> tzinfo:
    """The zone to show times in: the chosen one, otherwise the browser's, otherwise UTC. IANA names, or empty."""
    return find(chosen or of_browser[: LONGEST_NAME + 1]) or UTC


def current() -> tzinfo:
    """The zone of the current request; UTC outside requests."""
    try:
        return timezone.get_current_timezone()
    except zoneinfo.ZoneInfoNotFoundError:  # outside requests on a machine without zone data
        return UTC


def name_of(zone: tzinfo) -> str:
    """The IANA name of a zone."""
    return getattr(zone, "key", None) or UTC_NAME


def described(zone: tzinfo) -> str:
    """The name of a zone and its current abbreviation, such as `Europe/Berlin (CET)`."""
    name, short = name_of(zone), abbreviation(datetime.now(zone))
    return name if name == short else f"{name} ({short})"


def abbreviation(moment: datetime) -> str:
    """The abbreviation of the moment's zone, such as CET; in a zone without one the offset, such as UTC+03:00."""
    short = moment.tzname() or ""
    if short.isalpha():
        return short
    offset = f"{moment:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}"


def local(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """A moment in `zone`, by default the current one; in UTC when its local time is outside Python's calendar."""
    try:
        return moment.astimezone(zone or current())
    except OverflowError:
        return moment.astimezone(UTC)


def start_of(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day in a zone, in UTC. When clocks skip midnight, it is the moment of the change."""
    try:
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError:
        return datetime.combine(day, time.min, UTC)


def end_of(day: date, zone: tzinfo) -> datetime:
    """The first moment after a day, in UTC; for the last day of the calendar, the last moment."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return start_of(day + timedelta(days=1), zone)


def is_skipped(moment: datetime) -> bool:
    """Whether the moment's zone skips this local time, because clocks are put forward."""
    zone = moment.tzinfo
    return moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment.replace(tzinfo=None)
