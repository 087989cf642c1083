"""Database settings and errors: durable commits, immediate write locks, persistent connections."""

from __future__ import annotations

import functools
import re
import sqlite3
import threading
import time
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
    transaction,
)

if TYPE_CHECKING:
    from django.db.models import Model

SQLITE_WITH_SAFE_WAL = (3, 51, 3)
SQLITE_BUSY_SECONDS = 20
SQLITE_PROBE_SECONDS = 2
# Steps of SQLite's virtual machine between two looks at the clock: about a millisecond.
_SQLITE_STEPS = 10_000
_QUERY_CANCELED = "57014"


def sqlite_journal_mode() -> str:
    """WAL where SQLite's WAL-reset corruption (3.7.0 to 3.51.2, two or more writers) is fixed, otherwise TRUNCATE.

    DELETE is not safe: under synchronous=FULL a deleted journal can reappear after a power failure and roll back the
    last acknowledged commit. Truncating is synchronized (sqlite.org/pragma.html#pragma_synchronous).
    """
    return "WAL" if sqlite3.sqlite_version_info >= SQLITE_WITH_SAFE_WAL else "TRUNCATE"


def _sqlite_options() -> dict[str, Any]:
    return {
        # A deferred transaction that begins to write fails with "database is locked" instead of waiting.
        "transaction_mode": "IMMEDIATE",
        "timeout": SQLITE_BUSY_SECONDS,
        # synchronous=NORMAL may lose the last acknowledged commit in a power failure: the row of an issued certificate.
        # Without recursive_triggers REPLACE deletes rows without running their delete triggers.
        "init_command": (
            f"PRAGMA journal_mode={sqlite_journal_mode()}; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; "
            "PRAGMA recursive_triggers=ON;"
        ),
    }


# A host that disappears closes no connection: without these a thread waits minutes to connect, and longer to read.
_DEAD_HOST_TIMEOUTS = {
    "connect_timeout": "5",
    "tcp_user_timeout": "20000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}


def _postgresql_options(own: dict[str, str], statement_timeout_ms: int) -> dict[str, Any]:
    limits = (
        f"-c statement_timeout={statement_timeout_ms} -c lock_timeout=3000 "
        "-c idle_in_transaction_session_timeout=30000 -c synchronous_commit=on "
        # Compiling the counts of a long list takes 75 ms each time, and they run for less.
        "-c jit=off"
    )
    return {
        "server_side_binding": True,
        **_DEAD_HOST_TIMEOUTS,
        **own,
        # PostgreSQL uses the last value of a name, so options in DATABASE_URL override these limits.
        "options": f"{limits} {own.get('options', '')}".strip(),
    }


def configure(database: dict[str, Any], statement_timeout_ms: int) -> dict[str, Any]:
    """Add the portal's options to the connection settings of `Environment.database`."""
    # Opening a connection takes four times as long as an enrollment.
    common: dict[str, Any] = {"CONN_MAX_AGE": None, "ATOMIC_REQUESTS": False}
    if database["ENGINE"] == "portal.sqlite":
        return {**database, **common, "OPTIONS": _sqlite_options()}
    options = _postgresql_options(database.get("OPTIONS", {}), statement_timeout_ms)
    return {**database, **common, "OPTIONS": options}


def fetch_first(statement: str, values: Mapping[str, Any]) -> Any:
    """The first row of one statement, or None, without Django's cursor, which takes longer than a look-up by key.

    Raises the errors of django.db. On PostgreSQL the statement must return rows.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if database.queries_logged or database.execute_wrappers:
        # Query logs and execute wrappers see only statements of Django's cursor.
        with database.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()
    database.validate_no_broken_transaction()
    database.close_if_health_check_failed()
    database.ensure_connection()
    with database.wrap_database_errors:
        if database.vendor == "postgresql":
            return _reused_cursor(database.connection).execute(statement, values).fetchone()
        return next(iter(database.connection.execute(_with_colons(statement), values).fetchall()), None)


_own = threading.local()


def _reused_cursor(driver: Any) -> Any:
    """One cursor for each thread's connection: opening another takes as long as a look-up."""
    cursor = getattr(_own, "cursor", None)
    if cursor is None or cursor.connection is not driver:
        cursor = _own.cursor = driver.cursor()
    return cursor


@functools.lru_cache(maxsize=64)
def _with_colons(statement: str) -> str:
    """The statement with SQLite's parameters: `:name` for `%(name)s`."""
    return re.sub(r"%\((\w+)\)s", r":\1", statement)


@contextmanager
def short_lock_wait() -> Iterator[None]:
    """A block in which SQLite waits 2 seconds for a lock instead of 20; PostgreSQL always waits 3 seconds."""
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


class TooSlow(Exception):
    """A statement took longer than `limited_time` allows. Nothing was changed."""


@contextmanager
def limited_time(seconds: float) -> Iterator[None]:
    """A block of reads. Raises TooSlow when a statement takes longer: on SQLite, when all of them together do."""
    reading = _interrupted_on_sqlite if connection.vendor == "sqlite" else _cancelled_on_postgresql
    try:
        with reading(seconds):
            yield
    except OperationalError as error:
        if not _is_cancelled(error.__cause__):
            raise
        raise TooSlow from error


@contextmanager
def _interrupted_on_sqlite(seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    deadline = time.monotonic() + seconds
    connection.connection.set_progress_handler(lambda: time.monotonic() > deadline, _SQLITE_STEPS)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, 0)


@contextmanager
def _cancelled_on_postgresql(seconds: float) -> Iterator[None]:
    is_part = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        milliseconds = str(int(seconds * 1000))
        cursor.execute(
            "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)", [milliseconds]
        )
        (usual, _) = cursor.fetchone()
        yield
        if is_part:
            # The limit would last until the larger transaction ends.
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [usual])


def _is_cancelled(cause: BaseException | None) -> bool:
    code = getattr(cause, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_INTERRUPT or getattr(cause, "sqlstate", None) == _QUERY_CANCELED


def lift_statement_timeout(**_: Any) -> None:
    """Allow migrations to run long, and to send several statements in one; the pre_migrate handler."""
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        if connection.is_pooled:  # type: ignore[attr-defined]  # ours, see portal/postgresql
            # SET would apply to the next client of the server connection. Nothing is prepared behind a pooler.
            return
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        # A prepared statement holds one command, and Django adds a foreign key with two.
        connection.connection.prepare_threshold = None


_SQLITE_CHECK = re.compile(r"CHECK constraint failed: (\w+)")
_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)")


def violated_rule(error: IntegrityError, model: type[Model]) -> str:
    """The name of the constraint that refused a row of `model`; empty when it is unknown."""
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


# SQLSTATE classes: connection exception, insufficient resources, system error, internal error (a damaged page).
_STATE_CLASSES = ("08", "53", "58", "XX")
# SQLSTATEs that psycopg raises as other errors than OperationalError: read-only transaction, idle and transaction
# timeouts.
_STATES = {"25006", "25P03", "25P04"}
# SQLite: a malformed database, and a file that is no database.
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_unavailable(error: BaseException) -> bool:
    """Whether an error, its cause or its context means that the database cannot serve now.

    The database is down, locked, read only, full, damaged, too slow or out of connections. A wrong statement and a
    missing table are faults of the portal, so they do not count.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, DatabaseError | InterfaceError) and _means_unavailable(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _means_unavailable(error: DatabaseError | InterfaceError) -> bool:
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        # The low byte is the primary result code. SQLITE_ERROR is a fault in the statement, such as a missing table.
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_BUSY) & 0xFF
        is_mistake = code == sqlite3.SQLITE_ERROR
        return code in _DAMAGED or (isinstance(error, OperationalError | InterfaceError) and not is_mistake)
    state = getattr(cause, "sqlstate", None) or ""
    return isinstance(error, OperationalError | InterfaceError) or state in _STATES or state[:2] in _STATE_CLASSES
