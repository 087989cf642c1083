"""Conditions with their value in the SQL text, and a member of JSON: what an index can hold and a query must repeat.

A database uses a partial index only when it sees that the query keeps to the index's condition. It cannot see that in a
parameter: PostgreSQL plans once for all values, SQLite before it knows them.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Func, TextField


class Is(Func):
    """Whether a column equals a constant of ours; `value` is never input.

    The empty text keeps SQLite at the index with this condition: it would rather take one that begins with the column.
    """

    template = "%(expressions)s || '' = '%(value)s'"
    output_field = BooleanField()


class IsNot(Func):
    """Whether a column differs from a constant of ours; `value` is never input."""

    template = "%(expressions)s <> '%(value)s'"
    output_field = BooleanField()


class Member(Func):
    """The text of a member of a JSON object, NULL without it; `name` is never input."""

    template = "(%(expressions)s ->> '%(name)s')"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # The arrow came with SQLite 3.38.
        return self.as_sql(compiler, connection, template="json_extract(%(expressions)s, '$.%(name)s')", **context)
