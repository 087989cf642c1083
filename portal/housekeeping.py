"""Background work: write counts of past minutes to the audit log, seal it, delete expired locks, sessions and forms.

Each gunicorn worker runs it twice a minute (deploy/gunicorn.conf.py), and `manage.py housekeeping` once. Any number of
processes may run it at the same time.
"""

from __future__ import annotations

import logging
import os
import threading
import time

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import QuerySet

from portal import audit, audit_seals, drafts, kept_forms, lockout, sent_forms, sessions

logger = logging.getLogger(__name__)
PERIOD_SECONDS = 30
# Rows in one transaction, so that other writers wait only briefly.
BATCH = 500


def run() -> None:
    """Do all the work once."""
    audit.write_counts()
    audit_seals.seal_past_events()
    _remove(lockout.expired_locks())
    _remove(lockout.expired_networks())
    _remove(sessions.expired_sessions())
    _remove(kept_forms.expired())
    _remove(sent_forms.expired())
    _remove(drafts.expired())


def _remove(rows: QuerySet) -> None:
    while batch := list(rows.values_list("pk", flat=True)[:BATCH]):
        rows.filter(pk__in=batch).delete()


def start() -> None:
    """Do the work about every PERIOD_SECONDS, in a thread that ends with the process."""
    threading.Thread(target=_forever, name="housekeeping", daemon=True).start()


def _forever() -> None:
    while True:
        # Workers that start together do not always run at the same moment.
        time.sleep(PERIOD_SECONDS + os.getpid() % 7)
        try:
            run()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("housekeeping failed, to be tried again", extra={"kind": type(error).__name__})
        finally:
            connection.close()
