"""Expressions for partial indexes and the queries that use them: constants are in the SQL text, not in parameters.

A database uses a partial index only when the query's condition implies that of the index. With a parameter it cannot
know: PostgreSQL plans once for all values, SQLite plans before it has them.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Func, TextField


class Is(Func):
    """Whether a column equals the constant `value`, which is not escaped: never pass input.

    `|| ''` makes SQLite use the index with this condition instead of one that begins with the column.
    """

    template = "%(expressions)s || '' = '%(value)s'"
    output_field = BooleanField()


class IsOneOf(Func):
    """Whether a column equals one of the constants in the SQL list `values`, as `Is`: never pass input."""

    template = "%(expressions)s || '' IN (%(values)s)"
    output_field = BooleanField()


class IsNot(Func):
    """Whether a column differs from the constant `value`, which is not escaped: never pass input."""

    template = "%(expressions)s <> '%(value)s'"
    output_field = BooleanField()


class Member(Func):
    """The member `name` of a JSON object as text, or NULL. `name` is not escaped: never pass input."""

    template = "(%(expressions)s ->> '%(name)s')"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # SQLite has ->> only since 3.38.
        return self.as_sql(compiler, connection, template="json_extract(%(expressions)s, '$.%(name)s')", **context)


class Rare(Func):
    """A condition that few rows meet: SQLite, which knows no numbers of rows, then reads them in an index.

    Else it may read all rows in the order of the page, or those of another condition. PostgreSQL knows the numbers.
    """

    template = "likelihood(%(expressions)s, 0.000001)"
    output_field = BooleanField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s", **context)
