"""The state of a list page. The address is the only state: sort order, place, page size, open rows, filters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple
from urllib.parse import urlencode

from django.http import QueryDict

from portal.lists.page_sizes import PER_PAGE
from portal.row_ids import row_id

ALL = "all"
_MOST_OPEN_ROWS = 100
_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,4000}")
Pair = tuple[str, str]


class ListState(NamedTuple):
    """What the query string asks for. Values that have no meaning are dropped, bad filters are kept to be explained.

    Every link carries `filters` unchanged. `expand` holds the open rows; with `all_open`, `collapse` holds the closed.
    `columns` are those to show; None for all that the user does not hide.
    """

    default_sort: str
    sort: str
    page: int = 1
    after: str = ""
    before: str = ""
    per_page: int = PER_PAGE[0]
    all_open: bool = False
    expand: frozenset[int] = frozenset()
    collapse: frozenset[int] = frozenset()
    filters: tuple[Pair, ...] = ()
    columns: tuple[str, ...] | None = None

    @property
    def column(self) -> str:
        """The name of the column that sorts."""
        return self.sort.lstrip("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    def is_open(self, row_id: int) -> bool:
        """Whether the details of a row are shown."""
        return row_id not in self.collapse if self.all_open else row_id in self.expand

    def pairs(self) -> Iterator[Pair]:
        """The query string of this state, without defaults."""
        yield from self.filters
        if self.sort != self.default_sort:
            yield "sort", self.sort
        if self.per_page != PER_PAGE[0]:
            yield "per_page", str(self.per_page)
        if self.columns is not None:
            yield "cols", ",".join(self.columns)
        if self.page > 1:
            yield "page", str(self.page)
        for name, cursor in (("after", self.after), ("before", self.before)):
            if cursor:
                yield name, cursor
        yield from self.open_pairs()

    def open_pairs(self) -> Iterator[Pair]:
        """The part of the query string with the open rows."""
        if self.all_open:
            yield "expand", ALL
        for name, ids in (("collapse", self.collapse), ("expand", self.expand)):
            yield from ((name, str(row_id)) for row_id in sorted(ids))

    @property
    def link(self) -> str:
        """The relative address of this state."""
        return f"?{self.query}"

    @property
    def query(self) -> str:
        """The query string of this state."""
        return urlencode(list(self.pairs()))

    @property
    def csv_link(self) -> str:
        """The relative address of all rows that the filters leave, as CSV."""
        order = [("sort", self.sort)] if self.sort != self.default_sort else []
        return "?" + urlencode([*self.filters, *order, ("format", "csv")])

    def sorted_by(self, sort: str) -> ListState:
        """The first page in another order."""
        return self.first_page()._replace(sort=sort)

    def sized(self, per_page: int) -> ListState:
        """The first page with another number of rows."""
        return self.first_page()._replace(per_page=per_page)

    def first_page(self) -> ListState:
        """The first page. Single open rows are dropped, "all open" is kept."""
        return self.at(1)

    def at(self, page: int, *, after: str = "", before: str = "") -> ListState:
        """Another page."""
        return self._replace(page=page, after=after, before=before, expand=frozenset(), collapse=frozenset())

    def without(self, pair: Pair) -> ListState:
        """The first page without one filter."""
        return self.first_page()._replace(filters=tuple(each for each in self.filters if each != pair))

    def choosing(self, name: str, value: str) -> ListState:
        """The first page with one filter set to a value, whatever it was before; without that filter if it is empty."""
        others = tuple(each for each in self.filters if each[0] != name)
        return self.first_page()._replace(filters=(*others, (name, value)) if value else others)

    @property
    def unfiltered(self) -> ListState:
        """The first page without any filter."""
        return self.first_page()._replace(filters=())

    @property
    def pairs_beside_filters(self) -> list[Pair]:
        """The hidden fields of the form that sets the filters."""
        return list(self.unfiltered.pairs())

    def opened(self, *, everything: bool) -> ListState:
        """This page with all rows open, or all closed."""
        return self._replace(all_open=everything, expand=frozenset(), collapse=frozenset())


def read(
    query: QueryDict,
    *,
    sortable: Collection[str],
    default_sort: str,
    filters: Collection[str] = (),
    repeatable: Collection[str] = (),
    columns: Collection[str] = (),
) -> ListState:
    """Read a query string. Never fails: unknown parameters and values are dropped, bad filters are kept."""
    opened = query.getlist("expand")
    all_open, expand, collapse = ALL in opened, _ids(opened), _ids(query.getlist("collapse"))
    if all_open:
        collapse, expand = collapse - expand, frozenset()
    else:
        expand, collapse = expand - collapse, frozenset()
    return ListState(
        default_sort=default_sort,
        sort=next((sort for sort in query.getlist("sort") if sort.removeprefix("-") in sortable), default_sort),
        page=max(1, row_id(query.get("page", "")) or 1),
        after=_cursor(query.get("after", "")),
        before=_cursor(query.get("before", "")),
        per_page=next((size for size in PER_PAGE if str(size) == query.get("per_page")), PER_PAGE[0]),
        all_open=all_open,
        expand=expand,
        collapse=collapse,
        filters=tuple((name, value) for name in filters for value in _values(query, name, name in repeatable)),
        columns=_columns(query, columns),
    )


def _values(query: QueryDict, name: str, is_repeatable: bool) -> list[str]:
    """The values of a filter. Forms send empty fields too: these are absent. The last value counts."""
    given = list(dict.fromkeys(value for each in query.getlist(name) if (value := each.strip())))
    return given if is_repeatable else given[-1:]


def _columns(query: QueryDict, known: Collection[str]) -> tuple[str, ...] | None:
    """The columns that `cols` names, with commas between. An empty one shows only what cannot be hidden."""
    if "cols" not in query:
        return None
    named = query.get("cols", "").split(",")
    return tuple(name for name in known if name in named)


def _cursor(text: str) -> str:
    """A cursor is part of every link of the page, so nothing else may look like one."""
    return text if _CURSOR.fullmatch(text) else ""


def _ids(values: list[str]) -> frozenset[int]:
    """Ids, repeated or in one value with commas, as people write them by hand."""
    each = (part for value in values for part in value.split(","))
    ids = [number for part in each if (number := row_id(part)) is not None]
    return frozenset(ids[:_MOST_OPEN_ROWS])
