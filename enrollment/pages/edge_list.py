"""Private Service Edges: the columns of the list, its filters, and the view."""

from __future__ import annotations

import functools
import operator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from enrollment.models import BEFORE_ALL, IssuedCertificate, ServiceEdge
from enrollment.pages import history
from enrollment.pages.edge_bulk import EDGE_ACTIONS
from enrollment.pages.edge_detail import FORBIDDEN, PERMISSION
from enrollment.pages.edge_health import overdue_from
from enrollment.pages.edge_row_html import render_rows
from enrollment.pages.edge_rows import read
from enrollment.pages.edge_state import IN_TOUCH, edge_state
from enrollment.pages.edge_words import is_revoked
from enrollment.pages.wizard import steps
from keys import choices
from keys.crypto import tokens
from keys.models import ProvisioningKey
from keys.pages.common_filters import InGroup
from keys.pages.key_list import CERTIFICATES
from portal import audit, drafts, identifiers
from portal.lists.alerts import NeedsCare
from portal.lists.columns import Column, ListTable
from portal.lists.counting import RowCount, capped
from portal.lists.filters import Choice, Contains, Exactly, Related, RelatedByName
from portal.lists.list_filters import ListFilters
from portal.lists.listing import List, OpenList
from portal.lists.name_search import NameSearch
from portal.lists.offers import Source
from portal.lists.orders import Order, moment, text, whole_number
from portal.lists.pages import list_page
from portal.lists.paging import Chosen
from portal.lists.row_text import page_with_rows
from portal.sort_names import sort_name
from portal.tones import Tone

UNRECOGNIZED_SHOWN = 10
WINDOW = timedelta(hours=24)
_DIGITS_OF_AN_ID = 32


class EdgeTable(ListTable):
    """The columns of the list of edges. State and last contact share an order: the latest contact."""

    name = Column("Name", csv="name", order=Order("sort_name", text), hideable=False)
    group = Column("Group", csv="group__name", order=Order("group__sort_name", text))
    state = Column(
        "State",
        csv=lambda edge: edge_state(edge, timezone.now()).word,
        order=Order("contacted", moment),
        ascending="Longest without contact first",
        descending="Latest contact first",
    )
    version = Column("Version", csv="version", order=Order("version", text))
    expires = Column(
        "Certificate Expires",
        csv=lambda edge: edge.certificate_until if edge.certificate_until > BEFORE_ALL else "",
        order=Order("certificate_until", moment),
        ascending="Soonest first",
        descending="Latest first",
    )
    key = Column("Enrolled With Key", csv="key_name", order=Order("key_sort_name", text))
    # Ids grow with each enrollment, so the primary key is the index of this order.
    enrolled = Column(
        "Enrolled",
        csv="enrolled_at",
        order=Order("pk", whole_number, unique=True),
        ascending="Oldest first",
        descending="Newest first",
    )
    enrolled_from = Column("Enrolled From", csv="enrolled_from", shown=False)
    contact = Column("Last Contact", csv="last_contact_at", shown=False)
    platform = Column("Platform", csv="platform", shown=False)
    addresses = Column("Addresses", csv=lambda edge: ", ".join(edge.addresses), shown=False)
    serial = Column("Serial Number", csv="serial", shown=False)
    uuid = Column("Id", csv="uuid", shown=False)


def _by_connection(word: str) -> Q:
    """The edges whose state is this word: one that is disabled or revoked has no connection to speak of."""
    return functools.reduce(operator.or_, _in_contact(word)) & _by_status("enabled")


def _counted_by_connection(word: str) -> list[Q]:
    return [each & _by_status("enabled") for each in _in_contact(word)]


def _in_contact(word: str) -> list[Q]:
    """Ranges of the index by contact, in which edges without contact come first."""
    now = timezone.now()
    first, last = now - IN_TOUCH, now + IN_TOUCH
    return {
        "connected": [Q(contacted__range=(first, last))],
        "disconnected": [Q(contacted__gt=BEFORE_ALL, contacted__lt=first), Q(contacted__gt=last)],
        "never": [Q(contacted=BEFORE_ALL)],
    }[word]


def _by_search(term: str, search: NameSearch) -> Q:
    """A part of the name; of hexadecimal digits also the beginning of the edge's id, or of its key's public id."""
    digits = tokens.public_id_in(term) or identifiers.hexadecimal(term)
    if not 0 < len(digits) <= _DIGITS_OF_AN_ID:
        return search.among(Q(sort_name__contains=sort_name(term)))
    identified = identifiers.beginning("key_public_id", digits) | identifiers.uuid_beginning("uuid", digits)
    is_whole = len(digits) == _DIGITS_OF_AN_ID
    return identified if is_whole else identified | search.among(Q(sort_name__contains=sort_name(term)))


def _by_status(word: str) -> Q:
    now = timezone.now()
    if word == "revoked":
        return is_revoked(now)
    return Q(enabled=word == "enabled") & ~is_revoked(now)


def _by_expiry(word: str) -> Q:
    """A range of the index by the end of the certificate, in which edges without one come first."""
    now = timezone.now()
    if word == "expired":
        return Q(certificate_until__gt=BEFORE_ALL, certificate_until__lte=now)
    within = {"7": timedelta(days=7), "30": timedelta(days=30), "overdue": overdue_from()}[word]
    return Q(certificate_until__gt=now, certificate_until__lte=now + within)


def _with_keys(ids: list[int]) -> Q:
    return Q(key_public_id__in=ProvisioningKey.objects.filter(pk__in=ids).order_by().values("public_id"))


class _WithIssuer(Related):
    """Edges that hold a certificate in force of one of these, as `keys.pages.certificate_list` counts them."""

    def condition(self, value: list[int]) -> Q:
        held = IssuedCertificate.objects.in_force(timezone.now()).filter(issuer__in=value)
        return Q(Exists(held.filter(edge=OuterRef("pk"))))

    def narrow(self, rows: QuerySet[Any], value: list[int], condition: Q) -> QuerySet[Any]:
        """On SQLite from the certificates: it would ask each edge for them, or find all before it takes the first."""
        if connection.vendor != "sqlite":
            return rows.filter(condition)
        held = {"issuer__in": value, "revoked_at": None, "not_after__gt": timezone.now()}
        return rows.filter(**{f"certificates__{column}": each for column, each in held.items()}).distinct()


class EdgeFilters(ListFilters):
    """The filters of the list of edges."""

    q = Contains("sort_name", finds="Name or id", condition=_by_search)
    connection = Choice(
        label="Connection",
        segments={"connected": Tone.OK, "disconnected": Tone.WARNING, "never": Tone.OFF},
        condition=_by_connection,
        counted=_counted_by_connection,
        choices=(("connected", "Connected"), ("disconnected", "Disconnected"), ("never", "Never connected")),
    )
    status = Choice(
        label="Status",
        condition=_by_status,
        choices=(("enabled", "Enabled"), ("disabled", "Disabled"), ("revoked", "Revoked")),
    )
    expires = Choice(
        label="Certificate expires",
        condition=_by_expiry,
        choices=(
            ("expired", "Expired"),
            ("7", "Within 7 days"),
            ("30", "Within 30 days"),
            ("overdue", "Renewal overdue"),
        ),
    )
    group = InGroup()
    key = RelatedByName(
        label="Key",
        source=Source(ProvisioningKey._meta.db_table),
        suggest="keys:key-names",
        condition=_with_keys,
        similar=choices.keys_containing,
    )
    cert = _WithIssuer(label="Signing certificate", source=CERTIFICATES)
    version = Exactly("version", label="Version")

    def for_page(self, total: int, order: Order, of: int = 0) -> Chosen | None:
        found = super().for_page(total, order, of)
        is_by_expiry = order.field == "certificate_until" and ("status", "revoked") in self.state.filters
        if not is_by_expiry or not isinstance(found, QuerySet):
            return found
        # The certificates of revoked edges have ended, as a constraint holds: those that end later are not read.
        return found.filter(certificate_until__lte=timezone.now())


EDGES = List(
    name="Service Edges",
    noun="edge",
    address="enrollment:edge-list",
    permission=PERMISSION,
    not_allowed=FORBIDDEN,
    table=EdgeTable,
    filters=EdgeFilters,
    rows=ServiceEdge.objects.live,
    read=read,
    default_sort="-enrolled",
    row_template="enrollment/_edge_row.html",
    bulk=EDGE_ACTIONS,
    record_address="enrollment:edge-detail",
    care=NeedsCare("disconnected", "connection", "disconnected", Tone.WARNING),
)


@list_page(EDGES)
def edge_list(request: HttpRequest, opened: OpenList) -> HttpResponse:
    """Edges that are not deleted; below them the refusals of unrecognized keys."""
    now = timezone.now()
    draft = drafts.of(request.user.pk) if request.user.has_perm(steps.ADD) else None
    context = {
        "list": opened,
        "unrecognized": _unrecognized(now),
        "draft": steps.resumed_at(draft) if draft else None,
    }
    rows = render_rows(opened.page.rows, now, opened.state.is_open, opened.cells)
    return page_with_rows(request, "enrollment/edge_list.html", context, rows)


def _unrecognized(now: datetime) -> dict[str, Any]:
    """Refusals before a secret was proved: a sample, at most one a minute for each code and source network."""
    found = audit.refusals().filter(object_id="")
    # In the statement of the latest ones, whose number it is.
    count = RowCount(capped(found.filter(at__gt=now - WINDOW)))
    latest = list(found.annotate(count=count)[:UNRECOGNIZED_SHOWN])
    return {"latest": history.described(latest), "count": latest[0].count if latest else 0}
