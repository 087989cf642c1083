"""Columns of a list page: their heads, sort orders, and whether a reader may hide them.

django-tables2 declares them and knows which head leads to which order. Rows are printed by a template, because a
hundred rows of django-tables2's bound cells cost more than the rest of the page.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, NamedTuple

import django_tables2 as tables

from portal.lists.orders import Order, moment
from portal.lists.state import ListState

NOT_EXPORTED: Final = ""


class Column(tables.Column):
    """One column. Without an `order` its head does not sort; one that is not `shown` is no cell of the page.

    `csv` is its value in CSV: an attribute of a row, or a function of one; NOT_EXPORTED for what no file may hold.
    `ascending` and `descending` are the words of the sort menu, where they are not those of a name or a time.
    """

    def __init__(
        self,
        label: str,
        *,
        csv: str | Callable[[Any], Any],
        order: Order | None = None,
        ascending: str = "",
        descending: str = "",
        hideable: bool = True,
        shown: bool = True,
        css_class: str = "",
    ) -> None:
        super().__init__(
            label,
            visible=shown,
            orderable=order is not None,
            order_by=order.field if order else None,
            attrs={"th": {"class": css_class}},
        )
        self.order = order
        self.csv = attrgetter(csv) if isinstance(csv, str) and csv else csv
        self.hideable = hideable
        is_time = order is not None and order.parse is moment
        oldest, newest = ("Oldest first", "Newest first") if is_time else (f"{label}, A to Z", f"{label}, Z to A")
        self.words = {"": ascending or oldest, "-": descending or newest}


class ListTable(tables.Table):
    """The columns of one list page, in the order of their declaration."""

    base_columns: Mapping[str, Column]

    @classmethod
    @functools.cache
    def orders(cls) -> dict[str, Order]:
        """The sort orders by the name of their column."""
        return {name: column.order for name, column in cls.base_columns.items() if column.order}

    @classmethod
    @functools.cache
    def hideable(cls) -> dict[str, str]:
        """The columns that a reader may hide: names and labels."""
        columns = cls.base_columns.items()
        return {name: str(each.verbose_name) for name, each in columns if each.visible and each.hideable}

    @classmethod
    @functools.cache
    def exported(cls) -> list[tuple[str, Callable[[Any], Any]]]:
        """The columns of the CSV: name, and value of a row."""
        return [(str(column.verbose_name), column.csv) for column in cls.base_columns.values() if callable(column.csv)]

    @classmethod
    @functools.cache
    def sorts(cls) -> dict[str, str]:
        """What the sort menu offers: the value of `sort` in the address, and its words."""
        columns = [(name, column) for name, column in cls.base_columns.items() if column.order]
        return {f"{sign}{name}": words for name, column in columns for sign, words in column.words.items()}


class Cells(NamedTuple):
    """Which cells the rows of a page have: the columns that are hidden, their number, whether rows are selected, and
    whether they end with buttons.
    """

    hidden: frozenset[str]
    width: int
    selects: bool = False
    buttons: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """One head of a list. `aria_sort` is empty unless the column sorts the page; `link` is empty where it cannot."""

    label: str
    link: str
    aria_sort: str
    css_class: str


def heads(table: type[ListTable], state: ListState, hidden: Container[str] = ()) -> list[Head]:
    """The heads of a list in a state, without those of the hidden columns."""
    return [
        Head(label, state.sorted_by(turned).link if turned else "", aria_sort, css_class)
        for name, label, turned, aria_sort, css_class in _columns(table, state.sort)  # type: ignore[arg-type]  # a class is hashable; its package has no types
        if name not in hidden
    ]


@functools.lru_cache(maxsize=256)
def _columns(table: type[ListTable], sort: str) -> list[tuple[str, str, str, str, str]]:
    """Name, label, next sort, aria-sort and CSS class of each visible column; the same for everybody."""
    # Without rows, because django-tables2 would sort them a second time.
    return [_column(column) for column in table([], order_by=sort).columns]


def _column(column: Any) -> tuple[str, str, str, str, str]:
    alias = column.order_by_alias
    aria_sort = ("descending" if alias.is_descending else "ascending") if column.is_ordered else ""
    turned = str(alias.next) if column.orderable else ""
    css_class = f"c-{column.name} {column.attrs['th'].get('class') or ''}".strip()
    return column.name, str(column.header), turned, aria_sort, css_class
