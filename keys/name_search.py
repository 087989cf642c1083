"""Finding keys by a part of their name, without reading a million names.

PostgreSQL: a trigram index over `sort_name`, where the right to create pg_trgm exists. SQLite: an FTS5 table of
trigrams that triggers keep. Both are made after every migrate, like triggers: Django rebuilds SQLite tables, and
the right to an extension may be granted later. Without either, a search reads all names, and a check says so.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.db.models.expressions import RawSQL

from keys.paging import DEEPEST_ROW

INDEX = "key_name_trigrams"
_TABLE, _KEYS = "keys_name_search", "keys_provisioningkey"
_SHORTEST = 3
_FORGET = "INSERT INTO keys_name_search(keys_name_search, rowid, sort_name) VALUES ('delete', OLD.id, OLD.sort_name);"
_LEARN = "INSERT INTO keys_name_search(rowid, sort_name) VALUES (NEW.id, NEW.sort_name);"
_TRIGGERS = {
    "key_name_is_learned": ("INSERT", _LEARN),
    "key_name_is_forgotten": ("DELETE", _FORGET),
    "key_name_is_learned_again": ("UPDATE OF sort_name", f"{_FORGET} {_LEARN}"),
}
_MATCHING = "SELECT rowid FROM keys_name_search WHERE keys_name_search MATCH %s"


def containing(term: str) -> Q:
    """The keys with this text in their sort name."""
    if connection.vendor == "sqlite" and len(term) >= _SHORTEST:
        phrase = '"' + term.replace('"', '""') + '"'
        if is_rare(phrase):
            return Q(pk__in=RawSQL(_MATCHING, [phrase]))  # noqa: S611  # the phrase is a parameter
    return Q(sort_name__contains=term)


def is_rare(phrase: str, most: int = DEEPEST_ROW) -> bool:
    """Whether the trigrams narrow anything down; a text in most names is met soon in any order."""
    try:
        # A savepoint is not needed: SQLite carries on after a table that is missing.
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM ({_MATCHING} LIMIT {most + 1})", [phrase])  # noqa: S608
            return bool(cursor.fetchone()[0] <= most)
    except DatabaseError:
        return False


def create(**_: Any) -> None:
    """Make what the search needs, where it can be made; the post_migrate handler."""
    if _KEYS not in connection.introspection.table_names() or is_ready():
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in _sqlite() if connection.vendor == "sqlite" else _postgresql():
                cursor.execute(statement)
    except DatabaseError:
        # No right to the extension, or an SQLite without FTS5: `keys.W005` says so.
        return


def is_ready() -> bool:
    """Whether searches use trigrams."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            names = (*_TRIGGERS, _TABLE)
            marks = ", ".join(["%s"] * len(names))
            cursor.execute(f"SELECT COUNT(*) FROM sqlite_master WHERE name IN ({marks})", names)  # noqa: S608
            return bool(cursor.fetchone()[0] == len(names))
        cursor.execute(
            "SELECT COUNT(*) FROM pg_indexes WHERE indexname = %s AND schemaname = current_schema()", [INDEX]
        )
        return bool(cursor.fetchone()[0])


def _sqlite() -> list[str]:
    columns = f"sort_name, content='{_KEYS}', content_rowid='id', tokenize='trigram case_sensitive 1'"
    statements = [
        f"DROP TABLE IF EXISTS {_TABLE}",
        f"CREATE VIRTUAL TABLE {_TABLE} USING fts5({columns})",
        "INSERT INTO keys_name_search(keys_name_search) VALUES ('rebuild')",
    ]
    for name, (event, body) in _TRIGGERS.items():
        statements.append(f"DROP TRIGGER IF EXISTS {name}")
        statements.append(f"CREATE TRIGGER {name} AFTER {event} ON {_KEYS} FOR EACH ROW BEGIN {body} END")
    return statements


def _postgresql() -> list[str]:
    return [
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        f"CREATE INDEX IF NOT EXISTS {INDEX} ON {_KEYS} USING gin (sort_name gin_trgm_ops)",
    ]
