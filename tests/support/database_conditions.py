"""A database in distress, really: each condition is a context manager in which `connection` meets it.

The rows are those that were committed before. On SQLite they are in a file, since one in memory has neither locks nor
a disk.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, connections

from tests.support.postgresql import free_port

Condition = Callable[[], AbstractContextManager[None]]
ALIAS = "default"


@contextmanager
def connected_otherwise(**changes: Any) -> Iterator[None]:
    """Another connection in place of this thread's own, with other settings."""
    own = connections[ALIAS]
    other = type(own)({**own.settings_dict, **changes}, ALIAS)
    connections[ALIAS] = other
    try:
        yield
    finally:
        other.close()
        connections[ALIAS] = own


@contextmanager
def in_a_file(timeout: float = 0) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "portal.sqlite3"
        with closing(sqlite3.connect(path)) as copy:
            connection.connection.backup(copy)
        options = {**connection.settings_dict["OPTIONS"], "timeout": timeout}
        with connected_otherwise(NAME=str(path), OPTIONS=options):
            connection.ensure_connection()
            yield path


@contextmanager
def no_such_file() -> Iterator[None]:
    with connected_otherwise(NAME="/nowhere/at/all/portal.sqlite3"):
        yield


def _sqlite_lock(kind: str) -> Condition:
    @contextmanager
    def locked() -> Iterator[None]:
        with in_a_file() as path, closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute(f"BEGIN {kind}")
            yield

    return locked


def _sqlite_pragma(statement: str) -> Condition:
    @contextmanager
    def changed() -> Iterator[None]:
        with in_a_file():
            connection.connection.execute(statement)
            yield

    return changed


@contextmanager
def full_file() -> Iterator[None]:
    with in_a_file():
        connection.connection.execute("VACUUM")
        (pages,) = connection.connection.execute("PRAGMA page_count").fetchone()
        connection.connection.execute(f"PRAGMA max_page_count = {pages}")
        yield


def address() -> dict[str, Any]:
    """Where this thread's connection goes to, in libpq's words."""
    settings = connection.get_connection_params()
    return {name: settings[name] for name in ("host", "port", "user", "password", "dbname") if name in settings}


def administrator() -> psycopg.Connection:
    """Another connection to the same database, past Django; a context manager."""
    return psycopg.connect(**address(), autocommit=True)


@contextmanager
def stopped_server() -> Iterator[None]:
    with connected_otherwise(PORT=str(free_port())):
        yield


@contextmanager
def no_connection_left() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    try:
        with connected_otherwise(USER="crowded"):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP ROLE crowded")


def _postgresql_options(options: str) -> dict[str, Any]:
    """Settings with `options` after the portal's own: the last one of a name counts."""
    own = connection.settings_dict["OPTIONS"]
    return {**own, "options": f"{own['options']} {options}"}


@contextmanager
def read_only_server() -> Iterator[None]:
    with connected_otherwise(OPTIONS=_postgresql_options("-c default_transaction_read_only=on")):
        yield


def locked_table(table: str, mode: str, options: str) -> Condition:
    @contextmanager
    def locked() -> Iterator[None]:
        with psycopg.connect(**address()) as other, connected_otherwise(OPTIONS=_postgresql_options(options)):
            other.execute(f"LOCK TABLE {table} IN {mode} MODE")
            yield

    return locked


# In these every statement fails, in the others some.
AWAY: dict[str, dict[str, Condition]] = {
    "sqlite": {"no such file": no_such_file, "locked": _sqlite_lock("EXCLUSIVE")},
    "postgresql": {"stopped": stopped_server, "too many connections": no_connection_left},
}
HALF: dict[str, dict[str, Condition]] = {
    "sqlite": {
        "read only": _sqlite_pragma("PRAGMA query_only = ON"),
        "being written": _sqlite_lock("IMMEDIATE"),
        "full": full_file,
    },
    "postgresql": {
        "read only": read_only_server,
        "sessions locked": locked_table("django_session", "ACCESS EXCLUSIVE", "-c lock_timeout=5ms"),
        "sessions slow": locked_table("django_session", "SHARE", "-c lock_timeout=0 -c statement_timeout=50ms"),
    },
}


def away() -> dict[str, Condition]:
    return AWAY[connection.vendor]


def half() -> dict[str, Condition]:
    return HALF[connection.vendor]
