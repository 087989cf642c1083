"""How often the same thing happened within one minute, shared by every process: what bounds the audit log.

A tally is counted up in the transaction of the event it counts, so a crash loses neither. Once its minute is over,
`write_finished` turns what no row tells of into one audit event with the count, and removes the tally.
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

# Hosts may differ by some seconds about which minute it is.
_GRACE = timedelta(seconds=15)
_MINUTE = timedelta(minutes=1)
_BATCH = 500
_COUNT_UP = """
INSERT INTO portal_audittally (scope, minute, seen, event) VALUES (%s, %s, 1, %s)
ON CONFLICT (scope, minute) DO UPDATE SET seen = portal_audittally.seen + 1, event = excluded.event
RETURNING seen
"""


def minute_of(moment: datetime) -> datetime:
    """The minute a moment belongs to."""
    return moment.replace(second=0, microsecond=0)


def count_up(scope: str, minute: datetime, event: Mapping[str, Any] | None = None) -> int:
    """Count one more in this scope and minute; how many there are now.

    `event` has the column values of the latest one, for the event with the count; None where a count is not written.
    """
    written = json.dumps(event, cls=DjangoJSONEncoder)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_UP, [scope, connection.ops.adapt_datetimefield_value(minute), written])
        return int(cursor.fetchall()[0][0])


def seen(scope: str, minute: datetime) -> int:
    """How many were counted in this scope and minute."""
    return AuditTally.objects.filter(scope=scope, minute=minute).values_list("seen", flat=True).first() or 0


def write_finished(told: int) -> None:
    """Write one event for each tally of a past minute beyond the `told` ones that have rows, and remove the tallies.

    A minute of the future is that of a clock which was ahead; it is past too.
    """
    now = timezone.now()
    finished = AuditTally.objects.filter(Q(minute__lte=now - _MINUTE - _GRACE) | Q(minute__gt=now + _MINUTE + _GRACE))
    # Asked first: the write lock of SQLite is not taken for nothing.
    while finished.exists():
        with transaction.atomic():
            batch = list(finished.select_for_update().order_by("id")[:_BATCH])
            counted = [(tally.event, tally.seen - told) for tally in batch if tally.event and tally.seen > told]
            AuditEvent.objects.bulk_create(
                [AuditEvent(**{**event, "detail": {**event["detail"], "count": count}}) for event, count in counted]
            )
            AuditTally.objects.filter(pk__in=[tally.pk for tally in batch]).delete()
