"""Start-up errors, the same for `make run`, `manage.py` and gunicorn.

A mistake of the operator gives one sentence on standard error and exit code 1. Any other error is a fault of the portal
and keeps its traceback.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connection, connections

from portal import migration_names

logger = logging.getLogger(__name__)
OUR_APPS = ("portal", "keys", "enrollment")
_SQLITE_REASONS = {
    "SQLITE_NOTADB": "is no SQLite database; name the right file in DATABASE_URL or restore it from a backup",
    "SQLITE_CORRUPT": "is damaged or cut short; restore it from a backup",
    "SQLITE_CANTOPEN": "cannot be opened; its directory must exist and be open to the portal's account",
    "SQLITE_READONLY": "cannot be written; the portal's account needs write access to it and to its directory",
    "SQLITE_FULL": "cannot grow, for no space is left on its disk",
    "SQLITE_IOERR": "cannot be read or written; look for a full or failing disk",
    "SQLITE_BUSY": "is locked by another program; stop that program and start again",
}
# SQLSTATEs of PostgreSQL: insufficient_privilege, undefined_table.
_NO_PRIVILEGE, _NO_TABLE = "42501", "42P01"
_UNMIGRATED = "The database lacks tables of the portal; run `manage.py migrate`"


class CannotStart(Exception):
    """The portal cannot start. The text is one sentence with what the operator has to fix."""


def reason(error: BaseException) -> str | None:
    """What the operator has to fix, in one sentence; None for a fault of the portal."""
    if isinstance(error, CannotStart | ImproperlyConfigured):
        return str(error).strip()
    if isinstance(error, DatabaseError):
        return _reason_of_database(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return None


def _reason_of_database(error: DatabaseError) -> str | None:
    cause = error.__cause__
    line = str(error).strip().partition("\n")[0]
    name = getattr(cause, "sqlite_errorname", "")
    for code, text in _SQLITE_REASONS.items():
        if name.startswith(code):
            return f"The database {connections[DEFAULT_DB_ALIAS].settings_dict['NAME']} {text}."
    state = getattr(cause, "sqlstate", None)
    if state == _NO_TABLE or line.startswith("no such table"):
        return f"{_UNMIGRATED}."
    if state == _NO_PRIVILEGE:
        return f"The database refuses: {line}."
    if isinstance(error, OperationalError):
        return f"The database does not answer: {line}."
    return None


@contextmanager
def explained(what: str = "The portal cannot start") -> Iterator[None]:
    """A block that exits with code 1 and the sentence "`what`: reason" on an error that the operator can fix."""
    try:
        yield
    except Exception as error:
        sentence = reason(error)
        if sentence is None:
            raise
        sys.exit(f"{what}: {sentence}")


def require_sound() -> None:
    """Raise CannotStart when the database is newer than the portal, or a system check finds an error."""
    newer = migration_names.applied() - migration_names.of_this_version()
    unknown = sorted(f"{app}.{name}" for app, name in newer if app in OUR_APPS)
    if unknown:
        raise CannotStart(
            f"The database was made by a newer version of the portal ({', '.join(unknown)} is not known here); "
            "install that version, or restore a backup of the time before."
        )
    _require_no_error([DEFAULT_DB_ALIAS])


def require_sound_to_serve() -> None:
    """`require_sound` for gunicorn, before it forks. It accepts that PostgreSQL does not answer yet: pages are 503."""
    try:
        require_sound()
    except OperationalError as error:
        if connection.vendor != "postgresql":
            raise
        logger.warning("The database does not answer yet: %s", str(error).strip().partition("\n")[0])
        _require_no_error(None)
    finally:
        connections.close_all()


def _require_no_error(databases: list[str] | None) -> None:
    found = [message for message in checks.run_checks(databases=databases) if message.is_serious(checks.ERROR)]
    if found:
        raise CannotStart(" ".join(f"{message.msg} {message.hint or ''}".strip() for message in found))


class SealingCommand(BaseCommand):
    """A command that encrypts or decrypts secrets. It does not run when the portal would not start."""

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            # call_command skips the checks by default; its callers have run them.
            if not options.get("skip_checks"):
                require_sound()
        except CannotStart as error:
            raise CommandError(str(error)) from None
        return super().execute(*args, **options)
