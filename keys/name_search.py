"""Search for a part of a key's name: on PostgreSQL with a trigram index, on SQLite by reading every name.

The index is created after every migrate, because the right to create pg_trgm may be granted later. SQLite's trigram
table (FTS5) is not used: in the library of Debian 12 a savepoint can fail with "constraint failed" while such a table
has pending writes, so creating a valid key could fail.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connection, transaction

INDEX = "key_name_trigrams"
_KEYS = "keys_provisioningkey"
_STATEMENTS = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    f"CREATE INDEX IF NOT EXISTS {INDEX} ON {_KEYS} USING gin (sort_name gin_trgm_ops)",
)


def create(**_: Any) -> None:
    """Create the index where that is possible. Runs after every migrate."""
    if connection.vendor != "postgresql" or _KEYS not in connection.introspection.table_names() or is_ready():
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in _STATEMENTS:
                cursor.execute(statement)
    except DatabaseError:
        # The role may not create the extension, which `keys.W005` reports.
        return


def is_ready() -> bool:
    """Whether searches on PostgreSQL use the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM pg_indexes WHERE indexname = %s AND schemaname = current_schema()", [INDEX]
        )
        return bool(cursor.fetchone()[0])
