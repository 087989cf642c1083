"""What nobody waits for: counts of past minutes enter the audit log; ended sign-in locks and sessions are removed.

Each gunicorn worker does it twice a minute (deploy/gunicorn.conf.py), and `manage.py housekeeping` once. Any number may
do it at the same time.
"""

from __future__ import annotations

import logging
import os
import threading
import time

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import QuerySet

from portal import audit, lockout, sessions

logger = logging.getLogger(__name__)
PERIOD_SECONDS = 30
# Rows of one transaction: others wait for so many at most.
BATCH = 500


def run() -> None:
    """Do all of it once."""
    audit.write_counts()
    _remove(lockout.over())
    _remove(lockout.forgotten())
    _remove(sessions.ended())


def _remove(rows: QuerySet) -> None:
    while batch := list(rows.values_list("pk", flat=True)[:BATCH]):
        rows.filter(pk__in=batch).delete()


def start() -> None:
    """Do it again and again in a thread that ends with the process."""
    threading.Thread(target=_forever, name="housekeeping", daemon=True).start()


def _forever() -> None:
    while True:
        # Workers that started together do not meet again and again.
        time.sleep(PERIOD_SECONDS + os.getpid() % 7)
        try:
            run()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("housekeeping failed, to be tried again", extra={"kind": type(error).__name__})
        finally:
            connection.close()
