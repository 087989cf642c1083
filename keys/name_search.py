"""Search for a part of the name of a key or an edge: the trigram indexes of PostgreSQL. SQLite reads names.

The indexes are created after every migrate, because the right to create pg_trgm may be granted later. SQLite's trigram
table (FTS5) is not used: in the library of Debian 12 a savepoint can fail with "constraint failed" while such a table
has pending writes, so creating a valid key could fail.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connection, transaction

from keys import machines
from keys.models import ProvisioningKey


def create(**_: Any) -> None:
    """Create the indexes that are missing, where that is possible. Runs after every migrate."""
    for index, table in _missing().items():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
                cursor.execute(f"CREATE INDEX {index} ON {table} USING gin (sort_name gin_trgm_ops)")
        except DatabaseError:
            # The role may not create the extension, which `keys.W005` reports.
            return


def is_ready() -> bool:
    """Whether searches on PostgreSQL use the indexes."""
    return not _missing()


def _missing() -> dict[str, str]:
    """The indexes that PostgreSQL can have and does not have, each with its table."""
    if connection.vendor != "postgresql":
        return {}
    wanted = {
        "key_name_trigrams": ProvisioningKey._meta.db_table,
        "edge_name_trigrams": machines.answers().edges().model._meta.db_table,
    }
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()")
        present = {name for (name,) in cursor.fetchall()}
    return {index: table for index, table in wanted.items() if index not in present and table in tables}
