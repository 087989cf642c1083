"""Counts of equal events in one minute, shared by all processes. They limit the growth of the audit log.

A tally is increased in the transaction of the event it counts, so that a crash loses neither. When its minute is over,
`write_finished` writes one audit event with the number of events that have no row, and deletes the tally.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from portal.models import AuditEvent, AuditTally

# Clocks of hosts may differ by some seconds.
_GRACE = timedelta(seconds=15)
_MINUTE = timedelta(minutes=1)
_BATCH = 500
_COUNT_UP = """
INSERT INTO portal_audittally (scope, minute, seen, event) VALUES (%s, %s, 1, %s)
ON CONFLICT (scope, minute) DO UPDATE SET seen = portal_audittally.seen + 1, event = excluded.event
RETURNING seen
"""


def minute_of(moment: datetime) -> datetime:
    """The start of the minute that `moment` is in."""
    return moment.replace(second=0, microsecond=0)


def count_up(scope: str, minute: datetime, event: Mapping[str, Any] | None = None) -> int:
    """Add 1 to the tally of this scope and minute and return its count.

    `event` has the column values for the event that `write_finished` writes; without it none is written.
    """
    written = json.dumps(event, cls=DjangoJSONEncoder)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_UP, [scope, connection.ops.adapt_datetimefield_value(minute), written])
        return int(cursor.fetchall()[0][0])


def seen(scope: str, minute: datetime) -> int:
    """The count of this scope and minute."""
    return AuditTally.objects.filter(scope=scope, minute=minute).values_list("seen", flat=True).first() or 0


def write_finished(recorded: int) -> None:
    """Delete the tallies of past minutes; for each that counted more than `recorded` events, write one with the rest.

    The first `recorded` events of a tally have rows of their own. A minute in the future comes from a clock that was
    ahead and is treated as past.
    """
    now = timezone.now()
    finished = AuditTally.objects.filter(Q(minute__lte=now - _MINUTE - _GRACE) | Q(minute__gt=now + _MINUTE + _GRACE))
    # Checked outside the transaction, which would take SQLite's write lock.
    while finished.exists():
        with transaction.atomic():
            batch = list(finished.select_for_update().order_by("id")[:_BATCH])
            rest = [(tally.event, tally.seen - recorded) for tally in batch if tally.event and tally.seen > recorded]
            AuditEvent.objects.bulk_create(
                [AuditEvent(**{**event, "detail": {**event["detail"], "count": count}}) for event, count in rest]
            )
            AuditTally.objects.filter(pk__in=[tally.pk for tally in batch]).delete()
