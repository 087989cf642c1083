"""Pages of a long list: by cursor at any depth, by number up to row 10,000.

django-tables2 and Django's Paginator count every row and read by OFFSET, which takes seconds at a million rows; so
paging is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet, Subquery

from portal.lists.counting import COUNTED, is_stopped
from portal.lists.orders import Cursor, Order
from portal.lists.state import ListState

# Stands in a query of `Found` for each of its `values`; no text of an address has a NUL.
EACH = "\0each"


@dataclass(frozen=True, slots=True)
class Found:
    """How PostgreSQL reads the rows of a page that filters leave.

    With `values` they are those of the query with each value in the place of `EACH`; no row is in two, and the order is
    one of unique values. `are_few` are found before they are sorted.
    """

    query: QuerySet[Any]
    values: Sequence[Any] = ()
    are_few: bool = False


Chosen = QuerySet[Any] | Found


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page and the links to other pages.

    `total` counts the rows that the filters leave, `of` all rows; both stop at 10,001. `number` is 0 where the page was
    reached by a cursor and its number is unknown.
    """

    rows: Sequence[Any]
    state: ListState
    order: Order
    total: int
    number: int
    has_previous: bool
    has_next: bool
    of: int = 0

    @property
    def last(self) -> int:
        """The number of the last page."""
        return last_page(self.total, self.state.per_page)

    @property
    def first_row(self) -> int:
        return (self.number - 1) * self.state.per_page + 1 if self.number else 0

    @property
    def last_row(self) -> int:
        return self.first_row + len(self.rows) - 1 if self.number else 0

    @property
    def previous_link(self) -> str:
        """The address of the previous page; empty on the first."""
        if not self.has_previous:
            return ""
        cursor = self.order.write_cursor(self.rows[0])
        return self.state.at(max(self.number - 1, 1), before=cursor).link

    @property
    def next_link(self) -> str:
        """The address of the next page; empty on the last."""
        if not self.has_next:
            return ""
        cursor = self.order.write_cursor(self.rows[-1])
        return self.state.at(self.number + 1 if self.number else 1, after=cursor).link

    @property
    def numbers(self) -> list[tuple[int, str]]:
        """Page numbers with their addresses: the first, the last, and those beside this one; 0 marks a gap."""
        near = {1, self.last, *range(max(1, self.number - 1), min(self.last, self.number + 1) + 1)}
        entries: list[tuple[int, str]] = []
        for number in sorted(near):
            if entries and number - entries[-1][0] > 1:
                entries.append((0, ""))
            entries.append((number, self.state.at(number).link))
        return entries


def last_page(total: int, per_page: int) -> int:
    """The last page that has a number: numbers end at row 10,000, or where counting stopped."""
    return max(1, -(-min(total - is_stopped(total), COUNTED) // per_page))


def keys_in_order(rows: Chosen, part: Q, order: Order, descending: bool) -> QuerySet[Any]:
    """The sort keys of a range, read from the index alone."""
    found = rows if isinstance(rows, Found) else Found(rows)
    named = found.query.filter(part) if part else found.query
    by = order.by_sorting(descending) if found.are_few else order.by(descending)
    return named.order_by(*by).values(order.key)


def read_in_order(
    rows: QuerySet[Any], chosen: Chosen, part: Q, order: Order, descending: bool, start: int, count: int
) -> QuerySet[Any]:
    """A slice of a range of the chosen rows. Skipped rows are neither read nor joined."""
    keys, end = keys_in_order(chosen, part, order, descending), start + count
    values = chosen.values if isinstance(chosen, Found) else ()
    shown = _Merged(keys, values, descending, start, count) if values else keys[start:end]
    return rows.filter(**{f"{order.key}__in": shown}).order_by(*order.by(descending))


class _Merged(Subquery):
    """A slice of the keys of a query with each of some values, in order; PostgreSQL reads no more of each.

    One text for all, because the ORM takes longer to compile these queries than the database to answer them.
    """

    def __init__(self, keys: QuerySet[Any], values: Sequence[Any], descending: bool, start: int, count: int) -> None:
        super().__init__(keys)
        self.values, self.descending, self.start, self.count = values, descending, start, count

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        sql, given = super().as_sql(compiler, connection, *args, **extra)
        parts = " UNION ALL ".join([sql] * len(self.values))
        sign = "DESC" if self.descending else "ASC"
        params = tuple(value if each == EACH else each for value in self.values for each in given)
        return f"({parts} ORDER BY 1 {sign} LIMIT {self.count} OFFSET {self.start})", params


def paginate(
    rows: QuerySet[Any],
    order: Order,
    state: ListState,
    total: int,
    of: int,
    chosen: Chosen | None = None,
    read: Callable[[QuerySet[Any]], list[Any]] = list,
) -> Page:
    """The page that `state` asks for. A cursor wins over a number; a page that no longer exists becomes the nearest.

    `total` and `of` are those of the page. `chosen` are the rows that the filters leave, without joins; None without
    filters. `read` turns a query into rows.
    """
    return _Reader(rows, rows if chosen is None else chosen, order, state, total, of, read).page()


@dataclass(frozen=True, slots=True)
class _Reader:
    rows: QuerySet[Any]
    chosen: Chosen
    order: Order
    state: ListState
    total: int
    of: int
    read: Callable[[QuerySet[Any]], list[Any]]

    def page(self) -> Page:
        if after := self.order.read_cursor(self.state.after):
            return self._after(after)
        if before := self.order.read_cursor(self.state.before):
            return self._before(before)
        return self._numbered(min(self.state.page, last_page(self.total, self.state.per_page)))

    def _numbered(self, number: int) -> Page:
        found = self._fetch(start=(number - 1) * self.state.per_page) if self.total else []
        return self._page(found[: self.state.per_page], number, number > 1, self._is_more(found))

    def _after(self, cursor: Cursor) -> Page:
        found = self._fetch(beyond=cursor)
        if not found:
            return self._numbered(last_page(self.total, self.state.per_page))
        return self._page(found[: self.state.per_page], self._label(), True, self._is_more(found))

    def _before(self, cursor: Cursor) -> Page:
        found = self._fetch(beyond=cursor, backward=True)
        if not self._is_more(found):
            return self._numbered(1)
        return self._page(found[self.state.per_page - 1 :: -1], self._label(), True, True)

    def _is_more(self, found: Sequence[Any]) -> bool:
        return len(found) > self.state.per_page

    def _label(self) -> int:
        """The page number that came with the cursor; 0 where it is impossible."""
        number = self.state.page
        is_possible = is_stopped(self.total) or number <= last_page(self.total, self.state.per_page)
        return number if number > 1 and is_possible else 0

    def _fetch(self, *, start: int = 0, beyond: Cursor | None = None, backward: bool = False) -> list[Any]:
        """One page and one more row, in reading order."""
        descending = self.state.descending != backward
        parts = self.order.beyond(beyond, descending) if beyond else [Q()]
        found: list[Any] = []
        for part in parts:
            missing = self.state.per_page + 1 - len(found)
            if missing:
                found += self.read(read_in_order(self.rows, self.chosen, part, self.order, descending, start, missing))
        return found

    def _page(self, rows: Sequence[Any], number: int, has_previous: bool, has_next: bool) -> Page:
        return Page(rows, self.state, self.order, self.total, number, has_previous, has_next, self.of)
