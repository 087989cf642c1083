"""Counts of long lists. Counting stops one above 10,000; templates write such a count as "10,000+".

What belongs to each row of a list is counted up to 1,000, because there are a hundred rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Expression, IntegerField, JSONField, QuerySet, Subquery
from django.db.models.sql import Query

COUNTED = 10_000
# Of what belongs to one of the rows of a list.
IN_A_ROW = 1_000


class Stopped(int):
    """A count that stopped one above its limit: 1,001 is shown as "1,000+"."""


def words(number: int) -> str:
    """A count as people read it: "1,234", or "10,000+" for one that stopped."""
    return f"{min(number - 1, COUNTED):,}+" if number > COUNTED or isinstance(number, Stopped) else f"{number:,}"


def capped(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows as a subquery that a count may read without reading further than it counts."""
    return rows.order_by().values("pk")[: COUNTED + 1]


def capped_count(rows: QuerySet[Any]) -> int:
    """The number of rows, at most 10,001."""
    return capped_counts(rows)[0]


def capped_counts(*queries: QuerySet[Any]) -> Sequence[int]:
    """The same for several queries, in one statement. None may be `.none()`: Django has no SQL for it."""
    parts = [_counted(each).sql_with_params() for each in queries]
    counted = ", ".join(f"(SELECT COUNT(*) FROM ({sql}) part)" for sql, _ in parts)  # noqa: S608  # values are parameters
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counted}", [value for _, values in parts for value in values])
        return cursor.fetchone()


def _counted(rows: QuerySet[Any]) -> Query:
    """The query by which Django asks whether rows exist. It reads no column: with ids SQLite takes a fifth longer."""
    if rows.query.distinct:
        return capped(rows).query
    query = rows.query.exists(limit=False)
    query.set_limits(high=COUNTED + 1)
    return query


class Tally(Subquery):
    """How many rows of a correlated query have each value of its only column, the text `value`: `{"new": 3, "old": 1}`.

    None without rows. It reads no further than the slice of the query.
    """

    template = (
        "(SELECT %(gather)s(value, number)"
        " FROM (SELECT value, COUNT(*) AS number FROM (%(subquery)s) part GROUP BY value) counted)"
    )
    output_field: Expression | JSONField = JSONField()  # type: ignore[assignment]  # Django declares a property

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        gather = "jsonb_object_agg" if connection.vendor == "postgresql" else "json_group_object"
        return super().as_sql(compiler, connection, *args, gather=gather, **extra)


class _CountField(IntegerField):
    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def from_db_value(self, value: int, expression: Any, connection: Any) -> int:
        return Stopped(value) if value > self.most else value


class RowCount(Subquery):
    """The number of rows of a correlated query as a column of another query; counting stops one above `most`."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"

    def __init__(self, rows: QuerySet[Any], most: int = COUNTED) -> None:
        super().__init__(rows[: most + 1], output_field=_CountField(most))
