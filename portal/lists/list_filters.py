"""The filters of one list page, as a whole: the form that cleans the address, the rows they leave, their chips.

A list declares a `ListFilters`, which is a django-filter FilterSet of the kinds in `filters.py`. Templates print the
fields of its form.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.datastructures import MultiValueDict

from portal import zones
from portal.first_names import MOST
from portal.lists import filtered_rows, offers
from portal.lists.counting import COUNTED, capped, is_stopped
from portal.lists.filtered_rows import Unindexed, lookup
from portal.lists.filters import NO_VALUES, AllNames, Choice, Contains, ListFilter, Related
from portal.lists.name_search import NameSearch
from portal.lists.offers import Source
from portal.lists.orders import Order
from portal.lists.paging import Chosen
from portal.lists.state import ListState, Pair

# So many rows are looked up one by one sooner than an index of a million is searched for those of a page.
FEW = 2_500
# So many ids stand in a statement sooner than what they were searched for is searched again.
LISTED = 500
# The parameter of `AllNames`.
NAMES = "names"
# What is offered under this name are the last name that a search reads, and those after it.
_LAST = "last"
_LONGEST_CHIP = 60
_NOTHING: Mapping[str, Source] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Chip:
    """One applied filter; its link drops it."""

    text: str
    link: str


class ListFilters(django_filters.FilterSet):
    """The filters of one list page. Each narrows; one bad value makes all invalid, and then no rows are shown."""

    base_filters: ClassVar[dict[str, ListFilter]]

    def __init__(
        self,
        state: ListState,
        rows: QuerySet[Any],
        beside: Mapping[str, Source] = _NOTHING,
        *,
        everything: bool = False,
    ) -> None:
        """`beside` is what the list looks up in the same statement; `offered` has it too.

        With `everything` a search reads all names, whatever the address asks for.
        """
        data: MultiValueDict[str, str] = MultiValueDict()
        for name, value in state.filters:
            data.appendlist(name, value)
        super().__init__(data if state.filters else None, rows)
        self.state = state
        self.searched: NameSearch | None = None
        self._everything = everything or NAMES in data
        related = {name: each.source for name, each in self.base_filters.items() if isinstance(each, Related)}
        sources = {**related, **beside}
        searches = {name: each for name, each in self.base_filters.items() if isinstance(each, Contains)}
        searched = [part for name, each in searches.items() for part in each.searched(data.get(name, ""))]
        is_by_name = any(data.get(name) and each.field_name == "sort_name" for name, each in searches.items())
        if is_by_name and not self._everything and connection.vendor == "sqlite":
            sources[_LAST] = Source(rows.model._meta.db_table, skipped=MOST - 1)
        self.offered, self.found = offers.load(sources, {name: data.getlist(name) for name in sources}, searched)

    @classmethod
    def get_filters(cls) -> dict[str, ListFilter]:
        found: dict[str, ListFilter] = super().get_filters()
        is_searched = any(isinstance(each, Contains) for each in found.values())
        return {**found, NAMES: AllNames()} if is_searched else found

    @classmethod
    @functools.cache
    def segmented(cls) -> str:
        """The parameter of the filter that has segments; empty without one."""
        return next((name for name, each in cls.base_filters.items() if getattr(each, "segments", ())), "")

    @property
    def segment(self) -> list[Pair]:
        """The chosen segment; empty for all rows. A value that no segment has is "\\0"."""
        return [
            (name, value if value in getattr(self.base_filters[name], "segments", ()) else "\0")
            for name, value in self.state.filters
            if name == self.segmented()
        ]

    @functools.cached_property
    def form(self) -> forms.Form:
        """The form that cleans the address. Templates print its fields; a select has its options ready."""
        form = self.get_form_class()(self.data if self.is_bound else None)
        for name, each in self.base_filters.items():
            field: Any = form.fields[name]
            given = self.data.getlist(name)
            if isinstance(each, Related):
                offered = self.offered[name]
                field.offered = offered
                field.options = offered.options([found.id for text in given if (found := offered.find(text))])
            elif isinstance(each, Choice):
                field.options = each.options(given[-1] if given else "")
        return form

    @classmethod
    def repeatable(cls) -> Collection[str]:
        """The parameters that an address may hold several times."""
        return [name for name, each in cls.base_filters.items() if each.repeatable]

    def get_form_class(self) -> type[forms.Form]:
        return _form_class(type(self))  # type: ignore[arg-type]  # a class is hashable; its package has no types

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for (each, value), condition in zip(self._given, self.conditions, strict=True):
            queryset = each.narrow(queryset, value, condition)
        # The search last, because it may read all names that the others leave.
        for name, value in self.form.cleaned_data.items():
            if isinstance(self.filters[name], Contains):
                queryset = self.filters[name].filter(queryset, value)
        return queryset

    @functools.cached_property
    def conditions(self) -> list[Q]:
        """The condition of each filter that has a value, without the search."""
        return [each.condition(value) for each, value in self._given]

    @property
    def _given(self) -> list[tuple[ListFilter, Any]]:
        given = [(self.filters[name], value) for name, value in self.form.cleaned_data.items()]
        return [
            (each, value)
            for each, value in given
            if value not in NO_VALUES and not isinstance(each, Contains | AllNames)
        ]

    def for_page(self, total: int, order: Order, of: int = 0) -> Chosen | None:
        """The same rows as `chosen`, of which there are `total` as counted, in a query that is answered soon.

        SQLite sorts the rows that it finds in the index of a filter, however many they are, and does not consider that
        a page needs few of them. PostgreSQL does, but is often wrong about how many there are. Where all are more than
        10,000, `of` as counted, it would read most of them. For a download, which has no pages, `of` is 0.
        """
        total = COUNTED + 1 if is_stopped(total) else total
        if self.searched and self.searched.found is not None and total <= LISTED:
            return self.queryset.filter(pk__in=self.searched.found)
        if not self.is_bound or not self.is_valid():
            return self.chosen
        if connection.vendor == "postgresql":
            return self._found_by_postgresql(total, order) if of > COUNTED else self.chosen
        if self.is_searched:
            return self.chosen
        if total <= (FEW if order.filtered and not self._skips else COUNTED):
            return self.queryset.filter(pk__in=capped(self.qs))
        # An index by a column and then by the order has the rows of one value in this order.
        sorted_in = {each.fields[0] for each in self.queryset.model._meta.indexes if each.fields[1:2] == [order.field]}
        # Each condition apart, because those come first for which the index that is read has the columns.
        return self.queryset.filter(
            *([order.filtered] if order.filtered else []),
            self._implied(order),
            *(
                each if not each.negated and lookup(each)[0] in sorted_in else Unindexed(each)
                for each in filtered_rows.parts(self.conditions)
            ),
        )

    def _found_by_postgresql(self, total: int, order: Order) -> Chosen | None:
        given = (self.base_filters[name] for name, _ in self.state.filters)
        searched = next((each.field_name for each in given if isinstance(each, Contains)), "")
        if searched == order.field:
            # Names are read in their order, as they were counted.
            return self.chosen
        many = None if searched else filtered_rows.many(self.queryset, self.conditions, order)
        # The index of one filter finds no more than these. Of several it would find those that the others leave out.
        is_one = len(self.state.filters) == 1
        if is_one and total <= (FEW if many and not self._skips else COUNTED // 2):
            return filtered_rows.few(self.queryset, self.qs, searched)
        return many if many and total > FEW else self.qs.filter(self._implied(order))

    def _implied(self, order: Order) -> Q:
        return filtered_rows.implied(self.conditions, order, descending=self.state.descending)

    @property
    def _skips(self) -> bool:
        """Whether the page is reached by its number: it skips the rows before it, and has to find these too."""
        return self.state.page > 1 and not (self.state.after or self.state.before)

    def name_search(self, text: str, rows: QuerySet[Any]) -> NameSearch:
        """The search of the rows that the other filters leave."""
        given = {self.base_filters[name] for name, _ in self.state.filters}
        is_narrowed = not all(isinstance(each, Contains | AllNames) for each in given)
        offered = list(self.offered[_LAST]) if _LAST in self.offered else []
        end = offered[0].sort_name if len(offered) > 1 else ""
        self.searched = NameSearch(text, rows if is_narrowed else None, end, self._everything)
        return self.searched

    @property
    def most(self) -> int:
        """How far the rows are counted that the filters leave."""
        given = self._given if self.is_bound and self.is_valid() else ()
        return min((each.most(value) for each, value in given), default=COUNTED)

    @property
    def is_cut(self) -> bool:
        """Whether the search left names out, once the rows are counted."""
        return self.searched is not None and self.searched.is_cut

    @property
    def chosen(self) -> QuerySet[Any] | None:
        """The rows that the filters leave; None without filters, `.none()` when a value is bad."""
        if not self.is_bound:
            return None
        return self.qs if self.is_valid() else self.queryset.none()

    @property
    def to_count(self) -> QuerySet[Any] | None:
        """The same rows as `chosen`, found as counting them is fastest; they cannot be filtered further."""
        return self.chosen

    @property
    def mistakes(self) -> list[tuple[str, str]]:
        """The parameters with a bad value, each with what is wrong."""
        found = self.errors if self.is_bound else {}
        return [(name, error) for name, errors in found.items() for error in errors]

    @property
    def search(self) -> list[forms.BoundField]:
        """The search field of the bar."""
        return [self.form[name] for name, each in self.base_filters.items() if isinstance(each, Contains)]

    @property
    def others(self) -> Iterator[tuple[str, str | None]]:
        """The filters under *Filter*, each with its value if it is one of a few, "" without a value, else None."""
        given = dict(self.state.filters)
        for name, each in self.base_filters.items():
            if not isinstance(each, Contains | AllNames):
                value = given.get(name, "")
                is_known = not value or (isinstance(each, Choice) and value in dict(each.choices))
                yield name, value if is_known else None

    def field(self, name: str) -> forms.BoundField:
        """The field of a filter."""
        return self.form[name]

    @property
    def is_searched(self) -> bool:
        """Whether the search field has a text."""
        return any(isinstance(self.base_filters[name], Contains) for name, _ in self.state.filters)

    @property
    def is_wrong_behind(self) -> bool:
        """Whether a bad value is under *Filter*."""
        return any(not isinstance(self.base_filters[name], Contains) for name, _ in self.mistakes)

    def offers(self, name: str) -> Iterable[Any]:
        """What one filter offers to choose from."""
        each = self.base_filters[name]
        return each.choices if isinstance(each, Choice) else self.offered.get(name, ())

    @property
    def zone(self) -> str:
        """The zone in which days are meant."""
        return zones.name_of(zones.current())

    @property
    def chips(self) -> list[Chip]:
        """The applied filters, one for each value."""
        return [self._chip(name, value) for name, value in self.state.filters]

    def _chip(self, name: str, value: str) -> Chip:
        declared = self.base_filters[name]
        words = _shown(declared.words(value, self.offered.get(name)))
        shown = words if len(words) <= _LONGEST_CHIP else f"{words[:_LONGEST_CHIP]}…"
        return Chip(f"{declared.label}: {shown}", self.state.without((name, value)).link)


class _ShownField(forms.BoundField):
    """A field whose value any page can hold: a NUL, which is refused, is shown as U+FFFD."""

    def value(self) -> Any:
        value = super().value()
        return [_shown(each) for each in value] if isinstance(value, list) else _shown(value)


def _shown(value: Any) -> Any:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


class _ListForm(forms.Form):
    bound_field_class = _ShownField


@functools.cache
def _form_class(filters: type[ListFilters]) -> type[forms.Form]:
    """The form of a list's filters, made once: django-filter makes a class for each request."""
    fields = {name: each.field for name, each in filters.base_filters.items()}
    return type(f"{filters.__name__}Form", (_ListForm,), fields)
