"""A search for a part of a name that reads a bounded number of names on SQLite.

PostgreSQL has an index of the parts of names. SQLite reads the names in their order: of more names the first 50,000
with all that equal the last of these, and those that equal the text.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import F, Model, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThanOrEqual

from portal.index_conditions import Rare
from portal.sort_names import sort_name

MOST = 50_000


def up_to(end: Any, condition: Q, text: str) -> Q:
    """The rows that meet a condition, of those with a name up to `end`; and those whose name equals the text."""
    return Q(Rare(LessThanOrEqual(F("sort_name"), end))) & condition | Q(sort_name=sort_name(text))


def first_names(model: type[Model], condition: Q, text: str) -> Q:
    """On SQLite the rows that meet a condition, of those with the first names; on PostgreSQL all that meet it."""
    if connection.vendor != "sqlite":
        return condition
    # No name sorts after this.
    end = Coalesce(Subquery(_at(model, MOST - 1).values("sort_name")), Value("\U0010ffff"))
    return up_to(end, condition, text)


def unread(model: type[Model]) -> list[QuerySet[Any]]:
    """On SQLite a query for the record after the first ones, if `first_names` may leave names out."""
    found = model._default_manager.filter(pk__in=_at(model, MOST).values("pk"))
    return [found] if connection.vendor == "sqlite" else []


def _at(model: type[Model], position: int) -> QuerySet[Any]:
    return model._default_manager.order_by("sort_name")[position : position + 1]
