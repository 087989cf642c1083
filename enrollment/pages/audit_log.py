"""The audit log: its columns, its filters, and the view. What a search of it finds is in `enrollment.audit_search`."""

from __future__ import annotations

import functools
import ipaddress
from datetime import timedelta
from typing import Any

from django.core.validators import validate_ipv46_address
from django.db import connection
from django.db.models import F, Q, QuerySet, Subquery
from django.db.models.lookups import Exact
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from enrollment import audit_search
from enrollment.pages import audit_row_html, audit_rows
from keys.models import ProvisioningKey
from portal.audit_actions import REVEALED, Action
from portal.index_conditions import Rare
from portal.lists.columns import Column, ListTable
from portal.lists.filters import LONGEST_TEXT, Choice, Contains, Exactly
from portal.lists.list_filters import ListFilters
from portal.lists.listing import List, OpenList
from portal.lists.moment_filters import FromMoment, UntilMoment
from portal.lists.orders import Order, moment
from portal.lists.pages import list_page
from portal.lists.paging import Chosen, keys_in_order, last_page
from portal.lists.row_text import page_with_rows
from portal.models import (
    BY_MACHINE,
    BY_PEOPLE,
    KEY_PUBLIC_ID,
    NOT_ON_AN_EDGE,
    ON_A_KEY,
    REVEALED_A_KEY,
    WAS_REFUSED,
    AuditEvent,
)
from portal.row_ids import row_id

NOT_ALLOWED = "You can't view the audit log. Ask an administrator for the Auditor role."
# A reader waits no longer; the limit of a statement is longer.
SECONDS = 5.0
_REVEALS = (REVEALED, "Key shown, copied or downloaded")
_ACTIONS = [_REVEALS, *((each.value, each.label) for each in Action)]
_PRESETS = {
    "1h": ("1 hour", timedelta(hours=1)),
    "24h": ("24 hours", timedelta(hours=24)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
}


class EventTable(ListTable):
    """The columns. Only the time sorts: each filter has an index in its order."""

    time = Column("Time", csv="at", order=Order("at", moment), hideable=False)
    who = Column("Who", csv=audit_rows.who)
    action = Column("Action", csv="action")
    kind = Column("Resource type", csv="object_kind")
    resource = Column("Resource", csv="object_name")
    interface = Column("Interface", csv="interface")
    address = Column("Client address", csv="client_ip")
    result = Column("Result", csv=lambda event: event.reason or event.outcome)
    request = Column("Request id", csv="request_id")
    details = Column("Details", csv=audit_rows.facts_in_one_line, shown=False)
    changes = Column("Changes", csv=audit_rows.changes_in_one_line, shown=False)


def _within(preset: str) -> Q:
    return Q(at__gte=timezone.now() - _PRESETS[preset][1])


def _by_action(action: str) -> Q:
    return Q(REVEALED_A_KEY) if action == REVEALED else Q(action=action)


def _by_interface(name: str) -> Q:
    # Most events are of machines. They have no index: PostgreSQL would read one of all of them beside that of a filter.
    return Q(BY_PEOPLE, interface=name) if name != "enrollment" else Q(interface=name)


def _with(column: str, value: str) -> Rare:
    """The events with this text, which are fewer than those of a filter with a few values."""
    return Rare(Exact(F(column), value))


def _by_resource(wanted: str) -> Q:
    """The events of `kind:id`, of a key also those of machines that used it; else those on what has this name.

    Those of `kind:id` are an OR of parts, of which no event meets two. Each has an index; for all parts that can have
    many events, but for machines that used a key, it is in the order of the page.
    """
    kind, is_id, object_id = wanted.partition(":")
    if not is_id:
        return Q(NOT_ON_AN_EDGE, _with("object_name", wanted))
    by_id = _with("object_id", object_id)
    by_people = Q(by_id, BY_PEOPLE, object_kind=kind)
    pk = row_id(object_id) if kind == "key" else None
    if not pk:
        return by_people | Q(by_id, BY_MACHINE, object_kind=kind)
    on_key = by_people | Q(by_id, ON_A_KEY, BY_MACHINE)
    of_key = ProvisioningKey.objects.order_by().filter(pk=pk).values("public_id")
    # In an OR SQLite finds the events of a value in their index, not those of a subquery.
    found = of_key.first() if connection.vendor == "sqlite" else {"public_id": Subquery(of_key)}
    if not found:
        return on_key
    used = Q(BY_MACHINE, Exact(KEY_PUBLIC_ID, found["public_id"]))
    return on_key | (used & ~Q(object_kind="key", object_id=object_id))


def _require_address(text: str) -> None:
    # One mistake is enough: a text that is too long is refused already.
    if len(text) <= LONGEST_TEXT:
        validate_ipv46_address(text)


class EventFilters(ListFilters):
    """The filters of the audit log. Each has an index in the order of time."""

    q = Contains("object_name", finds="Name, address or request id", condition=audit_search.condition)
    time = Choice(
        label="Time",
        segments=dict.fromkeys(_PRESETS, ""),
        condition=_within,
        choices=tuple((value, words) for value, (words, _) in _PRESETS.items()),
    )
    since = FromMoment("at", label="From")
    until = UntilMoment("at", label="Until")
    who = Exactly("actor_name", label="Who", condition=lambda name: Q(BY_PEOPLE, _with("actor_name", name)))
    action = Choice(label="Action", choices=_ACTIONS, condition=_by_action)
    type = Choice("object_kind", label="Resource type", choices=tuple(audit_rows.KINDS.items()))
    resource = Exactly("object_name", label="Resource", condition=_by_resource)
    result = Choice(
        label="Result",
        choices=(("success", "Success"), ("refused", "Refused")),
        condition=lambda outcome: Q(WAS_REFUSED) if outcome == "refused" else Q(outcome="success"),
    )
    interface = Choice(label="Interface", choices=tuple(audit_rows.INTERFACES.items()), condition=_by_interface)
    address = Exactly(
        "client_ip",
        label="Client address",
        validators=[_require_address],
        condition=lambda address: Q(_with("client_ip", str(ipaddress.ip_address(address)))),
    )
    request = Exactly("request_id", label="Request id", condition=lambda text: Q(_with("request_id", text)))

    @property
    def to_count(self) -> QuerySet[Any] | None:
        return _together(self._parts) if self._parts else self.chosen

    def for_page(self, total: int, order: Order, of: int = 0) -> Chosen | None:
        # Each other filter has an index in the order of the page.
        if ":" not in dict(self.state.filters).get("resource", ""):
            return self.chosen
        if not self._parts or not of or self.state.after or self.state.before:
            return super().for_page(total, order)
        # A part has no more events on this page and those before it. A download is no page.
        most = min(self.state.page, last_page(total, self.state.per_page)) * self.state.per_page + 1
        ends = [keys_in_order(each, Q(), order, self.state.descending)[:most] for each in self._parts]
        return self.queryset.filter(pk__in=_together([self.queryset.filter(pk__in=end) for end in ends]))

    @functools.cached_property
    def _parts(self) -> list[QuerySet[Any]]:
        """The events that the filters leave, in those of `kind:id`; empty without it, and with a search."""
        if self.is_searched or not self.is_bound or not self.is_valid():
            return []
        apart = [each for each in self.conditions if each.connector == Q.OR]
        rest = [each for each in self.conditions if each.connector != Q.OR]
        return [self.queryset.filter(*rest, Q(part)) for each in apart for part in each.children]


def _together(parts: list[QuerySet[Any]]) -> QuerySet[Any]:
    first, *others = (each.order_by().values("pk") for each in parts)
    return first.union(*others, all=True)


EVENTS = List(
    name="Audit log",
    noun="event",
    address="enrollment:audit-log",
    permission="portal.view_auditevent",
    not_allowed=NOT_ALLOWED,
    table=EventTable,
    filters=EventFilters,
    rows=AuditEvent.objects.all,
    read=audit_rows.read,
    read_exported=list,
    default_sort="-time",
    row_template="enrollment/_audit_row.html",
    seconds=SECONDS,
)


@list_page(EVENTS)
def audit_log(request: HttpRequest, opened: OpenList) -> HttpResponse:
    """What was done or refused, newest first."""
    rows = audit_row_html.render_rows(audit_rows.described(opened.page.rows, request.user, opened.state), opened.cells)
    return page_with_rows(request, "enrollment/audit_log.html", {"list": opened}, rows)
