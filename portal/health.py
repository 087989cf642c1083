"""Is the portal up (`/healthz`), and can it work (`/readyz`)? Both say nothing but yes or no."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.http import require_safe

from portal import triggers

logger = logging.getLogger(__name__)
CACHED_SECONDS = 5.0
_NEVER = float("-inf")


@dataclass
class Answer:
    """The last answer of `readyz` and when it was given, on the monotonic clock."""

    at: float = _NEVER
    ready: bool = False


last = Answer()


def _migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _triggers_present() -> bool:
    return not triggers.missing()


def probes() -> list[Callable[[], bool]]:
    """What must hold to be ready: ours, and those that READINESS_PROBES names by dotted path."""
    return [_migrated, _triggers_present, *(import_string(path) for path in settings.READINESS_PROBES)]


def is_ready() -> bool:
    """Run every probe; a failing one is logged by name, never shown."""
    for probe in probes():
        try:
            passed = probe()
        except (DatabaseError, OSError, ValueError):
            logger.exception("readiness probe raised", extra={"kind": probe.__name__})
            return False
        if not passed:
            logger.warning("readiness probe failed", extra={"kind": probe.__name__})
            return False
    return True


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """The database is migrated and guarded, the keyring opens what is sealed, and no revocation list has expired.

    Remembered for five seconds.
    """
    if time.monotonic() - last.at > CACHED_SECONDS:
        last.ready = is_ready()
        last.at = time.monotonic()
    if last.ready:
        return HttpResponse("ok\n", content_type="text/plain")
    return HttpResponse("not ready\n", status=503, content_type="text/plain")
