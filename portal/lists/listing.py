"""A list page: one declaration, from which address, filters, heads, order, paging and its bar follow."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString

from portal import first_names
from portal.database import TooSlow, limited_time
from portal.lists import alerts, segments, state, view_operations
from portal.lists.alerts import NeedsCare
from portal.lists.bulk import MOST, BulkAction
from portal.lists.columns import Cells, ListTable, heads
from portal.lists.filters import EVERY, Contains
from portal.lists.list_filters import NAMES, ListFilters
from portal.lists.orders import Order
from portal.lists.page_sizes import PER_PAGE
from portal.lists.paging import Page, paginate
from portal.lists.segments import Segment, Totals
from portal.lists.state import ListState, Pair
from portal.preferences import cookies
from portal.preferences.values import Preferences

# Rendered parts of pages: rendering them takes longer than reading the rows. None holds what was typed.
_parts: dict[tuple[Any, ...], SafeString] = {}
_MOST_PARTS = 1_000
# No filter has this name.
_STAND_IN = ("\0", "")
_STAND_IN_TEXT = urlencode([_STAND_IN])
# All lists of the portal, in the order of their declaration; tests walk it.
LISTS: list[List] = []


@dataclass(frozen=True, eq=False)
class List:
    """One list page: its name, the singular of what it lists, its columns and filters.

    `rows` makes the query, with every sort value; `read` turns a query into records that have an `id` and those values.
    `row_template` prints one `row`. For who has one of the `row_permissions`, rows end with a cell of buttons.
    `address` is the name of its URL; without `permission` a user is refused with the sentence `not_allowed`.
    `read_exported` reads rows for CSV, where pages read more than the columns need. In a list with `seconds` some
    filters together can take longer: then its page proposes a shorter time instead of rows. `bulk` are the actions on
    many rows, whose own pages are at `record_address`. Rows with the column `unselectable` have no checkbox, for
    `unselectable_reason`.
    """

    name: str
    noun: str
    address: str
    permission: str
    not_allowed: str
    table: type[ListTable]
    filters: type[ListFilters]
    rows: Callable[[], QuerySet[Any]]
    row_template: str
    default_sort: str = "name"
    row_permissions: Sequence[str] = ()
    read: Callable[[QuerySet[Any]], list[Any]] = list
    read_exported: Callable[[QuerySet[Any]], list[Any]] | None = None
    care: NeedsCare | None = None
    seconds: float | None = None
    bulk: Sequence[BulkAction] = field(default=(), repr=False)
    record_address: str = ""
    unselectable: str = ""
    unselectable_reason: Callable[[], str] = str

    def __post_init__(self) -> None:
        LISTS.append(self)
        if care := self.care:
            narrowing = self.filters.base_filters[care.parameter]
            alerts.declare(self.name, care, lambda: narrowing.counted(self.rows(), care.value))

    @property
    def nouns(self) -> str:
        """The plural."""
        return f"{self.noun}s"

    def counted(self, count: int, verb: str) -> str:
        """A sentence about so many rows: "Disable 12 keys"."""
        return f"{verb} {count:,} {self.noun if count == 1 else self.nouns}".strip()

    def actions(self, user: Any) -> tuple[BulkAction, ...]:
        """What a user may do with many rows."""
        return tuple(each for each in self.bulk if user.has_perm(each.permission))

    def state(self, query: QueryDict) -> ListState:
        """The state that a query string asks for. Never fails."""
        found = state.read(
            query,
            sortable=self.table.orders(),
            default_sort=self.default_sort,
            filters=list(self.filters.base_filters),
            repeatable=self.filters.repeatable(),
            columns=self.table.hideable(),
        )
        # Without a search this has no meaning.
        is_searched = any(isinstance(self.filters.base_filters[name], Contains) for name, _ in found.filters)
        kept = (pair for pair in found.filters if pair[0] != NAMES or (is_searched and pair[1] == EVERY))
        return found._replace(filters=tuple(kept))

    def hidden(self, wanted: ListState, chosen: Preferences) -> frozenset[str]:
        """The columns that a page does not show: what the address names is shown, else what the user did not hide."""
        hideable = self.table.hideable()
        shown = hideable.keys() - chosen.hidden_in(self.nouns) if wanted.columns is None else wanted.columns
        return frozenset(hideable.keys() - shown)

    def require_permission(self, request: HttpRequest) -> None:
        """Raise PermissionDenied for a user who may not see the list."""
        if not request.user.has_perm(self.permission):
            raise PermissionDenied(self.not_allowed)

    def order(self, wanted: ListState) -> Order:
        """The order of the rows in a state."""
        return self.table.orders()[wanted.column]

    def open(self, request: HttpRequest) -> OpenList:
        """The page that the address of a request asks for; at most three queries."""
        wanted, rows = self.state(request.GET), self.rows()
        user = getattr(request, "user", None)
        filters = self.filters(wanted, rows, view_operations.sources(self.nouns, user.pk if user else None))
        hidden = self.hidden(wanted, cookies.of(request))
        try:
            with self.limited(wanted):
                counts, page = self._read(wanted, rows, filters)
                if counts.total and not page.rows:
                    # What was known of a segment is no longer true.
                    counts, page = self._read(wanted, rows, filters, anew=True)
        except TooSlow:
            counts = segments.totals(self.name, rows, self.filters(wanted.unfiltered, rows))
            page = Page([], wanted, self.order(wanted), 0, 1, False, False, counts.of)
            return OpenList(self, wanted, filters, page, counts, hidden, too_slow=True)
        buttons = any(user.has_perm(each) for each in self.row_permissions) if user else False
        return OpenList(self, wanted, filters, page, counts, hidden, self.actions(user) if user else (), buttons)

    def _read(
        self, wanted: ListState, rows: QuerySet[Any], filters: ListFilters, *, anew: bool = False
    ) -> tuple[Totals, Page]:
        counts, order = segments.totals(self.name, rows, filters, anew=anew), self.order(wanted)
        chosen = filters.for_page(counts.total, order, counts.of)
        return counts, paginate(rows, order, wanted, counts.total, counts.of, chosen, self.read)

    def limited(self, wanted: ListState) -> AbstractContextManager[None]:
        """A block that reads what filters leave, for at most `seconds`; see `portal.database.limited_time`."""
        return limited_time(self.seconds) if self.seconds and wanted.filters else nullcontext()


@dataclass(frozen=True)
class OpenList:
    """A list page as one address shows it; templates know it as `list`. `rows` are what the row template prints."""

    declared: List
    state: ListState
    filters: ListFilters
    page: Page
    counts: Totals
    hidden: frozenset[str] = frozenset()
    actions: tuple[BulkAction, ...] = ()
    buttons: bool = False
    rows: Sequence[Any] = field(default_factory=list)
    too_slow: bool = False

    @property
    def search_form(self) -> SafeString:
        """The form of the filters with its search field; the other fields are those of `filter_fields`."""
        template = "lists/_search_form.html"
        if self.filters.is_searched:
            return render_to_string(template, {"list": self})
        return self._kept(template, {"list": self}, *self.state.unfiltered.pairs())

    @property
    def filter_menu(self) -> SafeString:
        """The button *Filter* and its panel."""
        template, filters = "lists/_filter_menu.html", self.filters
        if filters.is_bound:
            return render_to_string(template, {"list": self})
        offered = (tuple(filters.offers(name)) for name, _ in filters.others)
        return self._kept(template, {"list": self}, filters.zone, *offered)

    @property
    def filter_fields(self) -> Iterator[SafeString]:
        """The filters under *Filter*. Requests share those without a value or with one of a few."""
        template, filters, is_wrong = "lists/_filter_field.html", self.filters, self.filters.is_wrong_behind
        for name, value in filters.others:
            # Lazy, because making the form takes time.
            context = {"list": self, "field": SimpleLazyObject(functools.partial(filters.field, name))}
            if value is None:
                yield render_to_string(template, context)
            else:
                yield self._kept(template, context, name, value, is_wrong, filters.zone, *filters.offers(name))

    @property
    def segment_links(self) -> SafeString:
        """The segments as links."""
        carried = [(name, value) for name, value in self.state.filters if name != self.filters.segmented()]
        return self._links("lists/_segments.html", carried, self.filters.segment)

    @property
    def segments(self) -> list[Segment]:
        """The segments of the bar; none without a declaration."""
        return segments.described(self.filters, self.state, self.counts)

    @property
    def narrower(self) -> list[Segment]:
        """The segments before the chosen one, all without one: what a page proposes that took too long."""
        offered = self.segments[1:]
        chosen = next((number for number, each in enumerate(offered) if each.is_current), len(offered))
        return offered[:chosen]

    @property
    def sort_menu(self) -> SafeString:
        """The button that names the current order, and its menu of orders."""
        return self._links("lists/_sort_menu.html", self.state.filters)

    @property
    def cells(self) -> Cells:
        """Which cells each row has."""
        shown = sum(each.visible for each in self.declared.table.base_columns.values()) - len(self.hidden)
        return Cells(self.hidden, 1 + shown + self.buttons, bool(self.actions), self.buttons)

    @property
    def may_select_all(self) -> bool:
        """Whether all rows that match, on other pages too, may be selected."""
        return len(self.page.rows) < self.page.total <= MOST and not self.filters.is_cut

    @property
    def names_read(self) -> str:
        """How many names the search read, if not all; else empty."""
        return f"{first_names.MOST:,}" if self.filters.is_cut else ""

    @property
    def all_names(self) -> str:
        """The address that searches all names."""
        return self.state.choosing(NAMES, EVERY).link

    @property
    def most_selected(self) -> str:
        """How many rows are selected at most."""
        return f"{MOST:,}"

    @property
    def columns(self) -> list[tuple[str, str, bool]]:
        """What *Columns* offers: name, label, and whether it is shown."""
        return [(name, label, name not in self.hidden) for name, label in self.declared.table.hideable().items()]

    @property
    def fixed_columns(self) -> list[str]:
        """The labels of the columns that are always shown."""
        columns = self.declared.table.base_columns.values()
        return [str(each.verbose_name) for each in columns if each.visible and not each.hideable]

    @property
    def views(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The menu of saved views: headings, and below each the names and addresses."""
        kinds = [("Your views", view_operations.OWN), ("Shared views", view_operations.SHARED)]
        found = [
            (head, [(each.name, each.sort_name) for each in self.filters.offered.get(kind, ())]) for head, kind in kinds
        ]
        return [(head, views) for head, views in found if views]

    @property
    def tools(self) -> SafeString:
        """What is done with the rows that the filters leave."""
        return self._links("lists/_tools.html", self.state.filters)

    @property
    def head_row(self) -> SafeString:
        """The row of heads."""
        return self._links("lists/_heads.html", self.state.filters)

    @property
    def size_links(self) -> SafeString:
        """The links to other page sizes."""
        return self._links("lists/_sizes.html", self.state.filters)

    def _links(self, template: str, carried: Sequence[Pair], chosen: Sequence[Pair] = ()) -> SafeString:
        """A part that prints links to first pages, and counts. In the shared text a stand-in carries the filters."""
        state = self.state.first_page()._replace(filters=(*([_STAND_IN] if carried else []), *chosen))
        shown = [*state.pairs(), self.hidden, bool(self.actions), self.buttons, self.counts.of, *self.counts.segments]
        shared = self._kept(template, {"list": replace(self, state=state)}, *shown)
        return SafeString(shared.replace(_STAND_IN_TEXT, html.escape(urlencode(carried)))) if carried else shared

    def _kept(self, template: str, context: dict[str, Any], *printed: Any) -> SafeString:
        """A part that requests share. `printed` are all that it prints of a request; it knows no user."""
        key = (self.declared, get_script_prefix(), template, *printed)
        if key not in _parts:
            if len(_parts) >= _MOST_PARTS:
                _parts.clear()
            _parts[key] = render_to_string(template, context)
        return _parts[key]

    @property
    def heads(self) -> Iterable[Any]:
        """The heads of the table."""
        return heads(self.declared.table, self.state, self.hidden)

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """The sort menu: words, address, and whether it is the current order."""
        return [
            (words, self.state.sorted_by(sort).link, sort == self.state.sort)
            for sort, words in self.declared.table.sorts().items()
        ]

    @property
    def sizes(self) -> list[tuple[int, str, bool]]:
        """The page sizes to choose from: rows, address, and whether it is the current one."""
        return [(size, self.state.sized(size).link, size == self.state.per_page) for size in PER_PAGE]

    @property
    def sort_words(self) -> str:
        """The current order in words."""
        return self.declared.table.sorts()[self.state.sort]

    @property
    def closed_pairs(self) -> list[tuple[str, str]]:
        """The hidden fields of the form that opens or closes all rows."""
        return list(self.state.opened(everything=False).pairs())
