"""What the menu counts: the rows of each list that need care, at most SECONDS old."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.db.models import QuerySet

from portal import menu
from portal.lists.counting import capped_counts
from portal.lists.state import Pair
from portal.menu import Alert
from portal.tones import Tone

SECONDS = 5.0
# When each list is counted again, and its count, by its name. Each process has its own.
counted: dict[str, tuple[float, int]] = {}


class NeedsCare(NamedTuple):
    """Which rows of a list need care: those with this value of a filter. The menu shows "3 disconnected".

    `tone` is that of the state which these rows have.
    """

    words: str
    parameter: str
    value: str
    tone: Tone


_declared: dict[str, tuple[NeedsCare, Callable[[], QuerySet[Any]]]] = {}


def declare(name: str, care: NeedsCare, rows: Callable[[], QuerySet[Any]]) -> None:
    """Make the menu count the rows of the list with this name that need care."""
    _declared[name] = (care, rows)


def remember(name: str, pairs: Sequence[Pair], count: int) -> None:
    """Show in the menu what a page counted, the rows with these values of filters, if they are those that need care."""
    care, _ = _declared.get(name, (None, None))
    if care and list(pairs) == [(care.parameter, care.value)]:
        counted[name] = (monotonic() + SECONDS, count)


def alerts(names: Sequence[str]) -> Mapping[str, Alert]:
    """The alerts of the lists with these names, each count at most 10,001; at most one query."""
    now, declared = monotonic(), [name for name in names if name in _declared]
    due = [name for name in declared if now >= counted.get(name, (0.0, 0))[0]]
    try:
        found = capped_counts(*(_declared[name][1]() for name in due)) if due else ()
    except DatabaseError:
        # A menu without counts is better than no page. Whatever the page itself needs fails on its own.
        return {}
    counted.update({name: (now + SECONDS, count) for name, count in zip(due, found, strict=True)})
    return {
        name: Alert(counted[name][1], care.words, f"{care.parameter}={care.value}", care.tone)
        for name, care in ((name, _declared[name][0]) for name in declared)
    }


menu.register(alerts)
