"""The rows of a list as CSV (RFC 4180), for a spreadsheet: those that the filters leave, in the order of the page.

They are read in chunks behind a cursor, so that memory does not grow and no statement or lock lasts as long as the
download. A row that changes its place meanwhile may be missing or appear twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.text import slugify

from portal import actors, audit
from portal.audit_actions import Action
from portal.lists.list_filters import ListFilters
from portal.lists.listing import List
from portal.lists.orders import Order
from portal.lists.paging import Chosen, read_in_order
from portal.lists.state import ListState
from portal.refusals import Refused

# A sheet has 1,048,576 rows.
MOST = 1_000_000
CHUNK = 500
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
# A spreadsheet runs a text as a formula that begins with one of these, some in their wide form too (OWASP, CSV
# injection).
_FORMULA = re.compile(
    "[=+\\-@\t\r\n"
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}]"
)
# Where a decimal comma is usual, spreadsheets separate cells at semicolons.
_QUOTED = re.compile('[",;\t\r\n]')


class TooMany(Refused):
    """More rows than a sheet holds."""

    code = "too_many_rows"
    status = 422
    title = "Too many rows"


def export(
    listed: List,
    request: HttpRequest,
    state: ListState,
    filters: ListFilters,
    *,
    chosen: QuerySet[Any] | None = None,
    words: str = "",
) -> HttpResponseBase:
    """The download, after its audit event; no filter has a mistake. Raises TooMany.

    `chosen` are the rows if they are not all that the filters leave; `words` describes them.
    """
    day = timezone.localdate()
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{slugify(listed.name)}-{day}.csv"',
    }
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    rows = listed.rows()
    counted = filters.chosen if chosen is None else chosen
    counted = rows if counted is None else counted
    with listed.limited(state):
        count = 0 if counted.query.is_empty() else counted.order_by().values("pk")[: MOST + 1].count()
    if count > MOST:
        raise TooMany(f"A spreadsheet holds {MOST:,} {listed.nouns} at most. Narrow the filters.")
    words = words or "; ".join(chip.text for chip in filters.chips)
    subject = audit.Subject("list", listed.nouns, listed.name)
    detail = {"rows": str(count), **({"filters": words} if words else {})}
    audit.record(Action.LIST_EXPORTED, actors.from_request(request), subject, detail=detail)
    found = filters.for_page(count, listed.order(state)) if chosen is None else chosen
    return StreamingHttpResponse(_text(listed, rows, rows if found is None else found, state), headers=headers)


def _text(listed: List, rows: QuerySet[Any], chosen: Chosen, state: ListState) -> Iterator[str]:
    columns = listed.table.exported()
    yield _BYTE_ORDER_MARK + _line([label for label, _ in columns])
    for chunk in chunks(listed, rows, chosen, listed.order(state), descending=state.descending):
        yield "".join(_line([value(row) for _, value in columns]) for row in chunk)


def chunks(listed: List, rows: QuerySet[Any], chosen: Chosen, order: Order, *, descending: bool) -> Iterator[list[Any]]:
    """The chosen rows in their order, CHUNK at a time, each chunk behind the last row of the one before."""
    parts, read = [Q()], listed.read_exported or listed.read
    while parts:
        found = read(read_in_order(rows, chosen, parts[0], order, descending, 0, CHUNK))
        if found:
            yield found
        parts = order.beyond(order.cursor(found[-1]), descending) if len(found) == CHUNK else parts[1:]


def _line(cells: list[Any]) -> str:
    return ",".join(_cell(value) for value in cells) + "\r\n"


def _cell(value: Any) -> str:
    """A value as one cell. Numbers are as they are, so that a sheet can add them up."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if value is None or not isinstance(value, str):
        return "" if value is None else str(value)
    safe = f"'{value}" if _FORMULA.match(value) else value
    return '"' + safe.replace('"', '""') + '"' if _QUOTED.search(safe) else safe
