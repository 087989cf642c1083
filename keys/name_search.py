"""Finding keys by a part of their name: on PostgreSQL by a trigram index, elsewhere by reading every name.

The index is made after every migrate, where the right to create pg_trgm exists: it may be granted later. SQLite's
trigram table (FTS5) was tried and left out: in the library of Debian 12 a savepoint can fail with "constraint
failed" while such a table has pending writes, so making a key could fail for no reason of its own.
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
    """Make the index, where it can be made; the post_migrate handler."""
    if connection.vendor != "postgresql" or _KEYS not in connection.introspection.table_names() or is_ready():
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in _STATEMENTS:
                cursor.execute(statement)
    except DatabaseError:
        # No right to the extension: `keys.W005` says so.
        return


def is_ready() -> bool:
    """Whether searches on PostgreSQL use the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM pg_indexes WHERE indexname = %s AND schemaname = current_schema()", [INDEX]
        )
        return bool(cursor.fetchone()[0])
