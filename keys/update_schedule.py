"""When a group's edges are next updated: once a week, at a day and a time in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.expressions import Combinable

from keys.models import ServiceEdgeGroup

_DAYS = {day: number * 86_400 for number, day in enumerate(ServiceEdgeGroup.Day.values)}
_WEEK = 7 * 86_400


def time_of_day(seconds: int) -> str:
    """Seconds since midnight as hours and minutes: "18:30"."""
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def next_update(group: ServiceEdgeGroup, now: datetime) -> datetime:
    """The first moment after `now` at which the group's edges are updated."""
    wait = (_DAYS[group.upgrade_day] + group.upgrade_seconds - _second_of_week(now)) % _WEEK
    return now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=wait or _WEEK)


def next_update_at(now: datetime) -> Combinable:
    """The same as seconds since 1970, in a query of groups."""
    days = (When(upgrade_day=day, then=Value(second)) for day, second in _DAYS.items())
    second = Case(*days, output_field=IntegerField()) + F("upgrade_seconds")
    passed = _second_of_week(now)
    # The number of weeks is added, not a remainder taken: databases differ in the remainder of a negative number.
    week = int(now.timestamp()) - passed
    late = [
        When(upgrade_day=day, upgrade_seconds__lte=passed - second, then=Value(_WEEK)) for day, second in _DAYS.items()
    ]
    return second + Value(week) + Case(*late, default=Value(0), output_field=IntegerField())


def _second_of_week(moment: datetime) -> int:
    """The seconds since Monday, 00:00 UTC."""
    utc = moment.astimezone(UTC)
    return utc.weekday() * 86_400 + utc.hour * 3600 + utc.minute * 60 + utc.second
