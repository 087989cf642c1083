"""A search for a part of a name that reads a bounded number of names on SQLite.

PostgreSQL has an index of the parts of names. SQLite reads the names in their order: of more names the first 50,000,
and the one that equals the text.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import F, Model, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan

from portal.index_conditions import Rare
from portal.sort_names import sort_name

MOST = 50_000


def before(end: Any, condition: Q, text: str) -> Q:
    """The rows that meet a condition, of those with a name before `end`; and the one whose name equals the text."""
    return Q(Rare(LessThan(F("sort_name"), end))) & condition | Q(sort_name=sort_name(text))


def first_names(model: type[Model], condition: Q, text: str) -> Q:
    """On SQLite the rows that meet a condition, of those with the first names; on PostgreSQL all that meet it."""
    if connection.vendor != "sqlite":
        return condition
    # No name sorts after this.
    end = Coalesce(Subquery(_beyond(model).values("sort_name")), Value("\U0010ffff"))
    return before(end, condition, text)


def unread(model: type[Model]) -> list[QuerySet[Any]]:
    """On SQLite a query for the record with the first name that `first_names` leaves out."""
    found = model._default_manager.filter(pk__in=_beyond(model).values("pk"))
    return [found] if connection.vendor == "sqlite" else []


def _beyond(model: type[Model]) -> QuerySet[Any]:
    return model._default_manager.order_by("sort_name")[MOST : MOST + 1]
