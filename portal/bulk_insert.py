"""Many rows at once, without the operations: for databases to look at and to measure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model

_SQLITE_CACHE_KIB = 512 * 1024


def bulk_insert(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows with the values of these columns; times are datetimes, other values as the database takes them."""
    table, names = model._meta.db_table, ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        # The indexes of a million rows do not fit the default cache of 2 MiB; pages outside it are written twice.
        cursor.execute(f"PRAGMA cache_size = -{_SQLITE_CACHE_KIB}")
        adapt = connection.ops.adapt_datetimefield_value
        adapted = ([adapt(each) if isinstance(each, datetime) else each for each in row] for row in rows)
        statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"
        cursor.executemany(statement, adapted)  # type: ignore[arg-type]  # sqlite3 takes any iterable
