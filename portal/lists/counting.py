"""Counts of long lists. Counting stops one above 10,000; templates write such a count as "10,000+"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Expression, IntegerField, QuerySet, Subquery

COUNTED = 10_000


def words(number: int) -> str:
    """A count as people read it: "1,234", or "10,000+" for one that stopped."""
    return f"{COUNTED:,}+" if number > COUNTED else f"{number:,}"


def capped(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows as a subquery that a count may read without reading further than it counts."""
    return rows.order_by().values("pk")[: COUNTED + 1]


def capped_count(rows: QuerySet[Any]) -> int:
    """The number of rows, at most 10,001."""
    return capped_counts(rows)[0]


def capped_counts(*queries: QuerySet[Any]) -> Sequence[int]:
    """The same for several queries, in one statement. None may be `.none()`: Django has no SQL for it."""
    parts = [capped(each).query.sql_with_params() for each in queries]
    counted = ", ".join(f"(SELECT COUNT(*) FROM ({sql}) part)" for sql, _ in parts)  # noqa: S608  # values are parameters
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counted}", [value for _, values in parts for value in values])
        return cursor.fetchone()


class RowCount(Subquery):
    """The number of rows of a correlated query as a column of another query; counting stops at its limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field: Expression | IntegerField = IntegerField()  # type: ignore[assignment]  # Django declares a property
