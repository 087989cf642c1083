"""The ids of records as audit events hold them, which is text: of whoever writes to the database, any text."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Func, UUIDField


class AsNumber(Func):
    """A text as the id of a record. PostgreSQL refuses to convert any other text, which is NULL here."""

    template = "CASE WHEN %(expressions)s ~ '^[0-9]{1,18}$' THEN %(expressions)s::bigint END"
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(%(expressions)s AS bigint)", **context)


class AsUUID(Func):
    """A text as the UUID of an edge; NULL where it is none."""

    template = (
        "CASE WHEN %(expressions)s ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN %(expressions)s::uuid END"
    )
    output_field = UUIDField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # SQLite keeps a UUID without hyphens.
        return self.as_sql(compiler, connection, template="REPLACE(%(expressions)s, '-', '')", **context)


def uuids(texts: Iterable[str]) -> list[UUID]:
    """The texts that are UUIDs."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(UUID(text))
    return found
