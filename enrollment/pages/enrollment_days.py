"""Enrollments and refusals of each of the last 7 or 30 days, as bars and as a table.

A day is counted in one range of the index of the audit log by action and time, and counting stops at 10,001. A row with
the count of each day would cost more: an enrollment would wait for all others of its day, which write to that row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import Any, NamedTuple

from django.db import connection

from enrollment.pages.audit_log import EVENTS
from portal import zones
from portal.audit_actions import Action
from portal.lists.counting import COUNTED, RowCount, capped
from portal.lists.numbers import SECONDS, SHORT, Number
from portal.lists.written import Written
from portal.models import AuditEvent

SPANS = (7, 30)
_KINDS = {Action.EDGE_ENROLLED: "Enrolled", Action.EDGE_REFUSED: "Refused"}
# Past days do not change, so their counts are kept longer. Events with the counts of a minute are written after it, and
# clocks differ a little: a day is past an hour after its end.
_LATE, _PAST_SECONDS = timedelta(hours=1), 3600.0
_ENDLESS = datetime(9999, 1, 1, tzinfo=UTC)
_MOST_KNOWN = 500
# When each day is counted again, and its counts. Each process has its own.
_known: dict[_Day, tuple[float, Sequence[int]]] = {}
# Of a drawing: the width of a day, and the height of the highest bar.
_WIDTH, _HEIGHT = 10, 100


class _Day(NamedTuple):
    """A day as moments. The current one has no end, so that all days together are all events since the first."""

    first: datetime
    last: datetime


class Bar(NamedTuple):
    """A day of one kind: its count, the address of its events, and where its bar is in the drawing."""

    number: int
    link: str
    day: str
    x: int
    y: int
    height: int


class Chart(NamedTuple):
    """The days of one kind; `total` counts their events, at most 10,001."""

    name: str
    total: int
    link: str
    bars: Sequence[Bar]


class Course(NamedTuple):
    """The charts of so many days, which have these labels below them."""

    span: int
    charts: Sequence[Chart]
    labels: Sequence[str]
    spans: Sequence[int] = SPANS

    @property
    def width(self) -> int:
        """Of a drawing, whose bars are at most 100 high."""
        return _WIDTH * self.span

    @property
    def rows(self) -> Sequence[tuple[str, Sequence[Bar]]]:
        """The same as a table, the current day first."""
        days = zip(*(chart.bars for chart in self.charts), strict=True)
        return [(bars[0].day, bars) for bars in reversed(list(days))]


def course(text: str, now: datetime) -> Course:
    """The days that the address asks for, in the zone of the request, the current one last; at most one query."""
    span = next((each for each in SPANS if text == str(each)), SPANS[0])
    current = zones.local(now).date()
    dates = [current - timedelta(days=back) for back in reversed(range(span))]
    days = moments(dates)
    counts, charts = _counts(days, now), []
    for place, (kind, name) in enumerate(_KINDS.items()):
        numbers = [counts[day][place] for day in days]
        # Each has its own scale, because refusals are few.
        heights = [-(-number * _HEIGHT // (max(numbers) or 1)) for number in numbers]
        bars = [
            Bar(number, link_to(kind, day), _in_words(each), _WIDTH * at, _HEIGHT - height, height)
            for at, (each, day, number, height) in enumerate(zip(dates, days, numbers, heights, strict=True))
        ]
        whole = link_to(kind, _Day(days[0].first, _ENDLESS))
        charts.append(Chart(name, min(sum(numbers), COUNTED + 1), whole, bars))
    labels = [f"{each:%a}" for each in dates] if span == SPANS[0] else [_in_words(each) for each in (dates[0], current)]
    return Course(span, charts, labels)


def moments(dates: Sequence[date]) -> list[_Day]:
    """Successive days in the zone of the request, the last one without an end."""
    starts = [zones.start_of(each, zones.current()) for each in dates]
    return [_Day(*each) for each in zip(starts, [*starts[1:], _ENDLESS], strict=True)]


def link_to(kind: Action, day: _Day) -> str:
    """The address of the events of a day, in local time as the filters of the audit log read it."""
    since, until = (f"{zones.local(each):%Y-%m-%dT%H:%M}" for each in day)
    end = [("until", until)] if day.last != _ENDLESS else []
    return Number(EVENTS, (("action", kind.value), ("since", since), *end)).link


def _range_of(first: datetime, last: datetime) -> Mapping[str, Any]:
    of_day = AuditEvent.objects.filter(at__gte=first, at__lt=last)
    return {kind.name: RowCount(capped(of_day.filter(action=kind))) for kind in _KINDS}


_RANGE = Written(AuditEvent, _range_of, moments=2)


def _counts(days: Sequence[_Day], now: datetime) -> dict[_Day, Sequence[int]]:
    """The counts of each day, in the order of the kinds, each at most 10,001. Those of a few events are never kept."""
    at = monotonic()
    found = {day: _known[day][1] for day in days if day in _known and at < _known[day][0]}
    due = [day for day in days if day not in found]
    if not due:
        return found
    parts = [part for day in due for part in _RANGE.at(*day).values()]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(part.sql for part in parts)}", [value for part in parts for value in part.params]
        )
        counted = cursor.fetchone()
    if len(_known) > _MOST_KNOWN:
        _known.clear()
    for place, day in enumerate(due):
        found[day] = counted[place * len(_KINDS) : (place + 1) * len(_KINDS)]
        if max(found[day]) > SHORT:
            _known[day] = (at + (_PAST_SECONDS if day.last + _LATE < now else SECONDS), found[day])
    return found


def _in_words(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"
