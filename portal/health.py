"""`/healthz`: the process runs. `/readyz`: it can do its work. The answers hold no details."""

from __future__ import annotations

import logging
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.models import Session
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.http import require_safe

from portal import migration_names, triggers
from portal.database import short_lock_wait

logger = logging.getLogger(__name__)
CACHED_SECONDS = 5.0
_NEVER = float("-inf")
# More than a database page, so that a file without free pages has to grow.
_ROW_BYTES = 8192
# More than an enrollment and its journal need.
_ROOM_BYTES = 256 * 1024


@dataclass
class Answer:
    """The last answer of `readyz` and its time on the monotonic clock, in seconds."""

    at: float = _NEVER
    ready: bool = False


last = Answer()
_asking = threading.Lock()


def _writable() -> bool:
    """Write a row and roll it back: a database that is locked, read only or full raises.

    A rolled-back row may never reach the disk, so for SQLite a temporary file checks the free space too.
    """
    with short_lock_wait(), transaction.atomic():
        row = Session(session_key=secrets.token_hex(20), session_data="x" * _ROW_BYTES, expire_date=timezone.now())
        row.save(force_insert=True)
        transaction.set_rollback(True)
    file = Path(str(connection.settings_dict["NAME"]))
    if connection.vendor == "sqlite" and file.is_file():
        with tempfile.TemporaryFile(dir=file.parent) as room:
            room.write(bytes(_ROOM_BYTES))
    return True


def _migrated() -> bool:
    return migration_names.of_this_version() <= migration_names.applied()


def _triggers_present() -> bool:
    return not triggers.missing()


def probes() -> list[Callable[[], bool]]:
    """The checks of readiness: those of this module, and those that READINESS_PROBES names by dotted path."""
    return [_writable, _migrated, _triggers_present, *(import_string(path) for path in settings.READINESS_PROBES)]


def is_ready() -> bool:
    """Whether every probe passes. The name of the first one that fails is logged, not shown."""
    for probe in probes():
        try:
            passed = probe()
        except (DatabaseError, InterfaceError, OSError, ValueError):
            logger.exception("readiness probe raised", extra={"kind": probe.__name__})
            return False
        if not passed:
            logger.warning("readiness probe failed", extra={"kind": probe.__name__})
            return False
    return True


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process runs."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every probe passes, otherwise 503.

    The database can be written, is migrated and has its triggers; READINESS_PROBES add the keyring and the revocation
    lists. The answer is cached for CACHED_SECONDS, and one thread at a time runs the probes.
    """
    with _asking:
        if time.monotonic() - last.at > CACHED_SECONDS:
            last.ready = is_ready()
            last.at = time.monotonic()
    if last.ready:
        return HttpResponse("ok\n", content_type="text/plain")
    headers = {"Retry-After": str(int(CACHED_SECONDS))}
    return HttpResponse("not ready\n", status=503, content_type="text/plain", headers=headers)
