"""Segments: links above a list that each choose one value of a filter, with how many rows of the whole list have it."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from portal.lists.counting import COUNTED, capped_counts, first, ids_and_capped_counts, stopped
from portal.lists.filters import Choice
from portal.lists.list_filters import ListFilters
from portal.lists.state import ListState

# Longer lists are counted at most once in so many seconds; shorter ones for each request, so that these are exact.
SECONDS = 5
SHORT = 1_000
_known: dict[str, tuple[float, Sequence[int]]] = {}


class Segment(NamedTuple):
    """One segment. `value` and `tone` are empty for all rows; `rows` counts them and stops at 10,001."""

    value: str
    tone: str
    label: str
    link: str
    rows: int
    is_current: bool


class Totals(NamedTuple):
    """Counts of a list, each at most 10,001 or less: rows that the filters leave, all rows, rows of each segment."""

    total: int
    of: int
    segments: Sequence[int] = ()


def totals(name: str, rows: QuerySet[Any], filters: ListFilters, *, anew: bool = False) -> Totals:
    """The counts of the list with this name, in one statement. A segment that is the only filter is counted once.

    `anew` counts whatever is known.
    """
    chosen, declared = filters.to_count, _declared(filters)
    until, counted = _known.get(name, (0.0, ()))
    is_due = declared is not None and (anew or monotonic() >= until)
    parts = (
        [first(declared.counted(rows, value), declared.most(value)) for value in declared.segments]
        if declared and is_due
        else []
    )
    segment = _only(filters, declared)
    # What is known of few rows may no longer be true.
    is_counted = segment is not None and (is_due or counted[segment] > SHORT)
    is_narrowed = chosen is not None and not chosen.query.is_empty() and not is_counted
    searched = filters.searched
    beside = [searched.to_count] if searched and searched.to_count is not None else []
    if chosen is not None and is_narrowed and searched and connection.vendor == "sqlite":
        # Names are read once, for the count and for the page.
        searched.found, (of, *rest) = ids_and_capped_counts(chosen, rows, *beside, *parts)
        total = len(searched.found)
    else:
        most = COUNTED if searched else filters.most
        narrowed = [first(chosen, most)] if chosen is not None and is_narrowed else []
        of, *rest = capped_counts(rows, *narrowed, *beside, *parts)
        total = of if chosen is None else stopped(rest.pop(0), most) if is_narrowed else 0
    if searched and beside:
        searched.is_cut = rest.pop(0) > COUNTED
    if declared and is_due:
        counted = [stopped(each, declared.most(value)) for each, value in zip(rest, declared.segments, strict=True)]
        _known[name] = (monotonic() + SECONDS if of > SHORT else 0.0, counted)
    else:
        # Some may have been deleted since.
        counted = [min(each, of) for each in counted]
    return Totals(counted[segment] if segment is not None and is_counted else total, of, counted)


def described(filters: ListFilters, state: ListState, counts: Totals) -> list[Segment]:
    """The segments of a list in a state, all rows first; none without a declaration. Links keep the other filters."""
    declared, parameter = _declared(filters), filters.segmented()
    if declared is None:
        return []
    chosen = dict(state.filters).get(parameter, "")
    shown: list[tuple[str, str, str, int]] = [("", "", "All", counts.of)]
    counted = zip(declared.segments.items(), counts.segments, strict=True)
    shown += [(value, tone, declared.words(value, None), rows) for (value, tone), rows in counted]
    return [
        Segment(value, tone, label, state.choosing(parameter, value).link, rows, value == chosen)
        for value, tone, label, rows in shown
    ]


def _only(filters: ListFilters, declared: Choice | None) -> int | None:
    """The number of the segment that leaves the same rows as the filters."""
    given = filters.state.filters
    if declared is None or len(given) != 1 or given[0][0] != filters.segmented():
        return None
    values = list(declared.segments)
    return values.index(given[0][1]) if given[0][1] in values else None


def _declared(filters: ListFilters) -> Choice | None:
    found = filters.base_filters.get(filters.segmented())
    return found if isinstance(found, Choice) else None
