"""How the portal talks to its database: durable commits, immediate write locks, connections that stay open."""

from __future__ import annotations

import functools
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
)

if TYPE_CHECKING:
    from django.db.models import Model

SQLITE_WITH_SAFE_WAL = (3, 51, 3)
SQLITE_BUSY_SECONDS = 20
SQLITE_PROBE_SECONDS = 2


def sqlite_journal_mode() -> str:
    """WAL only where SQLite's WAL-reset corruption (3.7.0 to 3.51.2, two or more writers) is fixed.

    Else TRUNCATE and not DELETE: under synchronous=FULL a deleted journal can come back after a power cut and roll
    the last acknowledged commit back, while truncating it is synchronized (sqlite.org/pragma.html#pragma_synchronous).
    """
    return "WAL" if sqlite3.sqlite_version_info >= SQLITE_WITH_SAFE_WAL else "TRUNCATE"


def _sqlite_options() -> dict[str, Any]:
    return {
        # A deferred transaction that turns writer fails with "database is locked" instead of waiting its turn.
        "transaction_mode": "IMMEDIATE",
        "timeout": SQLITE_BUSY_SECONDS,
        # NORMAL may lose the last acknowledged commit in a power cut: an issued certificate without its row.
        "init_command": (
            f"PRAGMA journal_mode={sqlite_journal_mode()}; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; "
            # Without it REPLACE deletes rows behind the backs of the triggers that forbid it.
            "PRAGMA recursive_triggers=ON;"
        ),
    }


# A host that vanished closes nothing: without these a thread waits minutes to connect, and longer for an answer.
_NOTICE_A_DEAD_HOST = {
    "connect_timeout": "5",
    "tcp_user_timeout": "20000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}


def _postgresql_options(own: dict[str, str], statement_timeout_ms: int) -> dict[str, Any]:
    limits = (
        f"-c statement_timeout={statement_timeout_ms} -c lock_timeout=3000 "
        "-c idle_in_transaction_session_timeout=30000 -c synchronous_commit=on"
    )
    return {
        "server_side_binding": True,
        **_NOTICE_A_DEAD_HOST,
        **own,
        # Of two settings of a name the last one counts.
        "options": f"{limits} {own.get('options', '')}".strip(),
    }


def configure(database: dict[str, Any], statement_timeout_ms: int) -> dict[str, Any]:
    """Complete the connection settings that `Environment.database` read."""
    # Opening a connection per request costs four times the enrollment itself.
    common: dict[str, Any] = {"CONN_MAX_AGE": None, "ATOMIC_REQUESTS": False}
    if database["ENGINE"] == "portal.sqlite":
        return {**database, **common, "OPTIONS": _sqlite_options()}
    options = _postgresql_options(database.get("OPTIONS", {}), statement_timeout_ms)
    return {**database, **common, "OPTIONS": options}


def fetch_first(statement: str, values: Mapping[str, Any]) -> Any:
    """The first row of one statement, past Django's cursor, which costs more than a look-up by key; None without one.

    Errors are django.db's all the same. On PostgreSQL the statement must return rows.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if database.queries_logged or database.execute_wrappers:
        # Somebody counts statements, or stands in their way.
        with database.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()
    database.validate_no_broken_transaction()
    database.close_if_health_check_failed()
    database.ensure_connection()
    with database.wrap_database_errors:
        if database.vendor == "postgresql":
            return _cursor_of(database.connection).execute(statement, values).fetchone()
        return next(iter(database.connection.execute(_with_colons(statement), values).fetchall()), None)


_own = threading.local()


def _cursor_of(driver: Any) -> Any:
    """The one cursor of this thread's connection: opening another costs as much as a look-up."""
    cursor = getattr(_own, "cursor", None)
    if cursor is None or cursor.connection is not driver:
        cursor = _own.cursor = driver.cursor()
    return cursor


@functools.lru_cache(maxsize=64)
def _with_colons(statement: str) -> str:
    """A statement with `:name` for `%(name)s`, as SQLite writes it."""
    return re.sub(r"%\((\w+)\)s", r":\1", statement)


@contextmanager
def impatient() -> Iterator[None]:
    """A block in which SQLite waits two seconds for a lock and not twenty; PostgreSQL waits three seconds anyway."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        (usual,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {SQLITE_PROBE_SECONDS * 1000}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")


def lift_statement_timeout(**_: Any) -> None:
    """Let a migration or a bulk command take its time and send several statements in one; the pre_migrate handler."""
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        if connection.is_pooled:  # type: ignore[attr-defined]  # ours, see portal/postgresql
            # It would hold for whoever gets the connection to the server next; nothing is prepared either.
            return
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        # A prepared statement is one command, and Django adds a foreign key with two.
        connection.connection.prepare_threshold = None


_SQLITE_CHECK = re.compile(r"CHECK constraint failed: (\w+)")
_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)")


def violated_rule(error: IntegrityError, model: type[Model]) -> str:
    """The name of the constraint that refused a row of `model`; empty when it cannot be told."""
    diagnostics = getattr(error.__cause__, "diag", None)
    if diagnostics is not None:
        return diagnostics.constraint_name or ""
    if check := _SQLITE_CHECK.search(str(error)):
        return check[1]
    unique = _SQLITE_UNIQUE.search(str(error))
    # SQLite names the columns of a unique constraint instead of the constraint.
    columns = [name.rpartition(".")[2] for name in unique[1].split(", ")] if unique else []
    for constraint in model._meta.constraints:
        if list(getattr(constraint, "fields", ())) == columns:
            return constraint.name
    return ""


# Of SQLSTATE: connection exception, insufficient resources, system error, internal error (a damaged page).
_STATE_CLASSES = ("08", "53", "58", "XX")
# What psycopg does not call operational: no writing in a read-only transaction; a session that idled is closed.
_STATES = {"25006", "25P03", "25P04"}
# SQLite: malformed, and no database at all.
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_unavailable(error: BaseException) -> bool:
    """Whether an error, or one that it hides, says that the database cannot serve now: not that a statement is wrong.

    Away, locked, read only, full, too many connections, too slow, shut down, damaged. A missing table is our fault.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, DatabaseError | InterfaceError) and _says_unavailable(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _says_unavailable(error: DatabaseError | InterfaceError) -> bool:
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        # The low byte is the kind; 1 is a mistake in the statement, such as a table that is not there.
        kind = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_BUSY) & 0xFF
        is_mistake = kind == sqlite3.SQLITE_ERROR
        return kind in _DAMAGED or (isinstance(error, OperationalError | InterfaceError) and not is_mistake)
    state = getattr(cause, "sqlstate", None) or ""
    return isinstance(error, OperationalError | InterfaceError) or state in _STATES or state[:2] in _STATE_CLASSES
