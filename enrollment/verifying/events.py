"""Each event of an enrollment or a renewal against the certificate it tells of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from enrollment.models import IssuedCertificate
from enrollment.verifying.faults import Fault, Tally, batches
from portal.models import AuditEvent

Action = AuditEvent.Action


def verify(since: datetime, tally: Tally) -> Iterator[Fault]:
    """Events since then whose certificate is not there: somebody took the row away."""
    told = AuditEvent.objects.filter(at__gte=since, action__in=[Action.EDGE_ENROLLED, Action.EDGE_RENEWED])
    for batch in batches(told):
        tally.events += len(batch)
        known = _known({event.object_id for event in batch})
        for event in batch:
            serial = str(event.detail.get("serial"))
            if (event.object_id, serial) not in known:
                yield Fault(f"event {event.pk}", f"{event.action} of certificate {serial}, which is not there")


def _known(edges: set[str]) -> set[tuple[str, str]]:
    uuids = [UUID(edge) for edge in edges if _is_uuid(edge)]
    rows = IssuedCertificate.objects.filter(edge__uuid__in=uuids).values_list("edge__uuid", "serial")
    return {(str(edge), serial) for edge, serial in rows}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
