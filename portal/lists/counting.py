"""Counts of long lists. Counting stops one above 10,000; templates write such a count as "10,000+".

What belongs to each row of a list is counted up to 1,000, because there are a hundred rows.
"""

from __future__ import annotations

import json
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


def is_stopped(number: int) -> bool:
    """Whether counting stopped, so that there are more than were counted."""
    return number > COUNTED or isinstance(number, Stopped)


def first(rows: QuerySet[Any], most: int) -> QuerySet[Any]:
    """The rows as a count reads them that stops after `most`, at 10,000 or before."""
    return rows if most == COUNTED else rows[: most + 1]


def stopped(number: int, most: int) -> int:
    """A count of at most `most` and one, as one that stopped if it is more."""
    return Stopped(number) if number > most else number


def words(number: int) -> str:
    """A count as people read it: "1,234", or "10,000+" for one that stopped."""
    return f"{min(number - 1, COUNTED):,}+" if is_stopped(number) else f"{number:,}"


def capped(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows as a subquery that a count may read without reading further than it counts."""
    return rows.order_by().values("pk")[: COUNTED + 1]


def capped_count(rows: QuerySet[Any]) -> int:
    """The number of rows, at most 10,001."""
    return capped_counts(rows)[0]


def capped_counts(*queries: QuerySet[Any]) -> Sequence[int]:
    """The same for several queries, in one statement. None may be `.none()`: Django has no SQL for it."""
    return _read([("COUNT(*)", _counted(each)) for each in queries])


def ids_and_capped_counts(rows: QuerySet[Any], *queries: QuerySet[Any]) -> tuple[list[int], Sequence[int]]:
    """The ids of some rows, at most 10,001, and such counts of others, in one statement. Only for SQLite."""
    ids, *counts = _read(
        [("json_group_array(pk)", capped(rows).query), *(("COUNT(*)", _counted(each)) for each in queries)]
    )
    return json.loads(ids), counts


def _read(parts: Sequence[tuple[str, Query]]) -> Sequence[Any]:
    written = [(what, *query.sql_with_params()) for what, query in parts]
    values = [value for *_, values in written for value in values]
    selected = ", ".join(f"(SELECT {what} FROM ({sql}) part)" for what, sql, _ in written)  # noqa: S608  # values are parameters
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {selected}", values)
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
