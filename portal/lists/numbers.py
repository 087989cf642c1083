"""Numbers that lead to a list: how many rows some values of its filters leave, and the address that shows these rows.

A number and its list agree because both ask the filters of the list. A count is at most 10,001, as that of the list is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from portal import record_addresses
from portal.lists import alerts
from portal.lists.counting import COUNTED, capped_counts, first, stopped
from portal.lists.listing import List
from portal.lists.state import Pair

# Of longer lists each number is counted at most once in so many seconds, of shorter ones for each request, as segments.
SECONDS, SHORT = 5.0, 1_000
# When each number is counted again, and its count. Each process has its own.
_known: dict[Number, tuple[float, int]] = {}


@dataclass(frozen=True, slots=True)
class Number:
    """The rows of a list with these values of its filters; all rows without any."""

    declared: List
    pairs: tuple[Pair, ...] = ()

    @property
    def link(self) -> str:
        """The address of the list with these rows."""
        address = record_addresses.page(self.declared.address)
        return f"{address}?{urlencode(self.pairs, safe=':')}" if self.pairs else address

    def rows(self) -> QuerySet[Any]:
        """These rows, found by the filters of the list from the texts of its address, as far as they are counted."""
        rows = self.declared.rows()
        for name, text in self.pairs:
            narrowing = self.declared.filters.base_filters[name]
            narrow = narrowing.counted if len(self.pairs) == 1 else narrowing.filter
            rows = narrow(rows, narrowing.field.clean(text))
        return first(rows, self.most)

    @property
    def most(self) -> int:
        """How far they are counted."""
        filters = self.declared.filters.base_filters
        return min((filters[name].most(filters[name].field.clean(text)) for name, text in self.pairs), default=COUNTED)


def count(numbers: Sequence[Number], of_short: Sequence[Number] = ()) -> dict[Number, int]:
    """The count of each number, in at most two statements. The menu then shows the same counts.

    Those `of_short` are left out where their list has more than 10,000 rows.
    """
    now = monotonic()
    asked = dict.fromkeys([*numbers, *of_short])
    found = {each: _known[each][1] for each in asked if each in _known and now < _known[each][0]}
    due = [each for each in asked if each not in found]
    later = {each for each in due if not each.pairs or each in of_short}
    found.update(_counted([each for each in due if each not in later]))
    # A list is at least as long as what its filters leave.
    long = {each.declared for each, number in found.items() if number > COUNTED}
    found.update((each, COUNTED + 1) for each in later if not each.pairs and each.declared in long)
    found.update(_counted([each for each in due if each in later and each.declared not in long]))
    whole = {each.declared: found[each] for each in found if not each.pairs}
    for each in [each for each in due if each in found]:
        if max(found[each], whole.get(each.declared, 0)) > SHORT:
            _known[each] = (now + SECONDS, found[each])
        alerts.remember(each.declared.name, each.pairs, found[each])
    return {each: found[each] for each in found if each not in of_short or whole.get(each.declared, 0) <= COUNTED}


def _counted(numbers: Sequence[Number]) -> Iterable[tuple[Number, int]]:
    counts = capped_counts(*(each.rows() for each in numbers)) if numbers else ()
    return [(each, stopped(number, each.most)) for each, number in zip(numbers, counts, strict=True)]
