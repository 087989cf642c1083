"""A list page: one declaration, from which address, filters, heads, order, paging and toolbar follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from portal.lists import state
from portal.lists.columns import ListTable, heads
from portal.lists.filters import ListFilters
from portal.lists.paging import Page, paginate
from portal.lists.state import ListState

# Rendering a form takes longer than everything else in the frame of a list page.
_forms: dict[tuple[Any, ...], SafeString] = {}
_MOST_FORMS = 200
# All lists of the portal, in the order of their declaration; tests walk it.
LISTS: list[List] = []


@dataclass(frozen=True, eq=False)
class List:
    """One list page: its name, the singular of what it lists, its columns and filters.

    `rows` makes the query, with every sort value; `read` turns a query into records that have an `id` and those values.
    `row_template` prints one `row`. With `has_actions` each row ends with a cell of buttons.
    """

    name: str
    noun: str
    table: type[ListTable]
    filters: type[ListFilters]
    rows: Callable[[], QuerySet[Any]]
    row_template: str
    default_sort: str = "name"
    has_actions: bool = False
    read: Callable[[QuerySet[Any]], list[Any]] = list

    def __post_init__(self) -> None:
        LISTS.append(self)

    @property
    def nouns(self) -> str:
        """The plural."""
        return f"{self.noun}s"

    def state(self, query: QueryDict) -> ListState:
        """The state that a query string asks for. Never fails."""
        return state.read(
            query,
            sortable=self.table.orders(),
            default_sort=self.default_sort,
            filters=list(self.filters.base_filters),
            repeatable=self.filters.repeatable(),
        )

    def open(self, request: HttpRequest) -> OpenList:
        """The page that the address of a request asks for; at most three queries."""
        wanted = self.state(request.GET)
        filters = self.filters(wanted, self.rows())
        order = self.table.orders()[wanted.column]
        return OpenList(self, wanted, filters, paginate(self.rows(), order, wanted, filters.chosen, self.read))


@dataclass(frozen=True)
class OpenList:
    """A list page as one address shows it; templates know it as `list`. `rows` are what the row template prints."""

    declared: List
    state: ListState
    filters: ListFilters
    page: Page
    rows: Sequence[Any] = field(default_factory=list)

    @property
    def filter_form(self) -> SafeString:
        """The form of the filters, and its chips. Without filters it is kept: it depends on nothing but the key."""
        if self.state.filters:
            return self._filter_form()
        offered = tuple(tuple(each) for each in self.filters.offered.values())
        key = (self.declared, tuple(self.state.pairs_beside_filters), self.filters.zone, offered)
        if key not in _forms:
            if len(_forms) >= _MOST_FORMS:
                _forms.clear()
            _forms[key] = self._filter_form()
        return _forms[key]

    def _filter_form(self) -> SafeString:
        return render_to_string("lists/_filters.html", {"list": self})

    @property
    def heads(self) -> Iterable[Any]:
        """The heads of the table."""
        return heads(self.declared.table, self.state)

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """The sort menu: words, address, and whether it is the current order."""
        return [
            (words, self.state.sorted_by(sort).link, sort == self.state.sort)
            for sort, words in self.declared.table.sorts().items()
        ]

    @property
    def sort_words(self) -> str:
        """The current order in words."""
        return self.declared.table.sorts()[self.state.sort]

    @property
    def closed_pairs(self) -> list[tuple[str, str]]:
        """The hidden fields of the form that opens or closes all rows."""
        return list(self.state.opened(everything=False).pairs())
