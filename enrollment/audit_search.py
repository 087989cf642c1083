"""What the search of the audit log finds: the events of a request, from an address, by a user, or on a resource.

A log of millions of rows has no index of the parts of names. So the search looks for the resources themselves, a part
of whose name is enough, and for whole names in the log, where deleted resources are. Each has an index of events.
"""

from __future__ import annotations

import ipaddress
import operator
import uuid
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import BooleanField, CharField, ExpressionWrapper, Q, QuerySet, Value
from django.db.models.functions import Cast

from enrollment.models import ServiceEdge
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal.audit import REQUEST_ID
from portal.first_names import first_names, unread
from portal.lists.name_search import NameSearch
from portal.models import BY_PEOPLE, NOT_ON_AN_EDGE, AuditEvent
from portal.sort_names import sort_name

# Resources of one kind that a part of a name may find; of more only the one with exactly this name.
MOST = 50
_TEXT = CharField()
# Where a name is found that the search does not read.
_UNREAD = "unread"
_IN_THE_LOG: dict[str, Callable[[str], Q]] = {
    "request": lambda term: Q(request_id=term),
    "address": lambda term: Q(client_ip=str(ipaddress.ip_address(term))),
    "actor": lambda term: Q(BY_PEOPLE, actor_name=term),
    "name": lambda term: Q(NOT_ON_AN_EDGE, object_name=term),
}


def condition(term: str, search: NameSearch) -> Q:
    """The condition on events for a search, in one query. It names only what there is, to read few indexes."""
    parts: list[str] = []
    values: list[Any] = []
    for number, query in enumerate(_queries(term, everything=search.everything)):
        sql, parameters = query.query.sql_with_params()
        parts.append(f"SELECT * FROM ({sql}) part_{number}")  # noqa: S608  # values are parameters
        values += parameters
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        rows = cursor.fetchall()
    sources = dict.fromkeys(row[0] for row in rows)
    search.is_cut = _UNREAD in sources and "request" not in sources
    found = [condition for source in sources for condition in _found(term, source, rows)]
    # No event has the id 0: Django has no SQL for an empty condition.
    return reduce(operator.or_, found) if found else Q(pk=0)


def _found(term: str, source: str, rows: list[tuple[str, str, bool]]) -> Iterator[Q]:
    if source in _IN_THE_LOG:
        yield _IN_THE_LOG[source](term)
        return
    hits = [(reference, is_whole) for each, reference, is_whole in rows if each == source != _UNREAD]
    ids = [reference for reference, is_whole in hits if is_whole or len(hits) <= MOST]
    if ids:
        # SQLite gives the UUID of an edge without hyphens.
        yield Q(object_kind=source, object_id__in=[str(uuid.UUID(each)) for each in ids] if source == "edge" else ids)


def _queries(term: str, *, everything: bool) -> Iterator[QuerySet[Any]]:
    """What has the term, each as three columns: where, its id, and whether the term is the whole name."""
    unfit = {"request": not REQUEST_ID.fullmatch(term), "address": not _is_address(term)}
    for source, makes in _IN_THE_LOG.items():
        if not unfit.get(source):
            yield _columns(AuditEvent.objects.filter(makes(term)), source, "pk", Q(pk__gte=0))[:1]
    wanted = sort_name(term)
    for kind, model in (("key", ProvisioningKey), ("group", ServiceEdgeGroup), ("certificate", SigningCertificate)):
        named = Q(sort_name__contains=wanted)
        if not everything:
            named = first_names(model, named, term)
            yield from (_columns(record, _UNREAD, "pk", Q(pk__gte=0)) for record in unread(model))
        yield _columns(model._default_manager.filter(named), kind, "pk", Q(sort_name=wanted))[: MOST + 1]
    edges = ServiceEdge.objects.filter(sort_name__gte=wanted, sort_name__lt=f"{wanted}\U0010ffff")
    yield _columns(edges, "edge", "uuid", Q(sort_name=wanted))[: MOST + 1]
    yield _columns(User.objects.filter(username__icontains=term), "user", "pk", Q(username=term))[: MOST + 1]


def _is_address(term: str) -> bool:
    try:
        ipaddress.ip_address(term)
    except ValueError:
        return False
    # GenericIPAddressField has no zones.
    return "%" not in term


def _columns(rows: QuerySet[Any], source: str, column: str, is_whole: Q) -> QuerySet[Any]:
    return rows.order_by().values_list(
        Cast(Value(source), _TEXT), Cast(column, _TEXT), ExpressionWrapper(is_whole, output_field=BooleanField())
    )
