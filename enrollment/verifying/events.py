"""Each event of an enrollment, a renewal or a revocation against the certificates it tells of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from enrollment.models import IssuedCertificate
from enrollment.verifying.faults import Fault, Tally, batches, noted
from portal.models import AuditEvent

Action = AuditEvent.Action


def verify(since: datetime, tally: Tally) -> Iterator[Fault]:
    """Events since then whose certificate is not there, or not revoked: somebody took it or the mark away."""
    yield from _missing(since, tally)
    yield from _valid_again(since)


def _missing(since: datetime, tally: Tally) -> Iterator[Fault]:
    told = AuditEvent.objects.filter(at__gte=since, action__in=[Action.EDGE_ENROLLED, Action.EDGE_RENEWED])
    for batch in batches(told):
        tally.events += len(batch)
        known = _known({event.object_id for event in batch})
        for event in batch:
            serial = str(noted(event.detail, "serial"))
            if (event.object_id, serial) not in known:
                yield Fault(f"event {event.pk}", f"{event.action} of certificate {serial}, which is not there")


def _valid_again(since: datetime) -> Iterator[Fault]:
    """An event names the latest serials that it revoked; a revocation is for ever."""
    for batch in batches(AuditEvent.objects.filter(at__gte=since, action=Action.EDGE_REVOKED)):
        told = {(event.object_id, str(each)) for event in batch for each in noted(event.detail, "serials") or ()}
        valid = IssuedCertificate.objects.filter(edge__uuid__in=_uuids({edge for edge, _ in told}), revoked_at=None)
        for edge, serial in valid.values_list("edge__uuid", "serial"):
            if (str(edge), serial) in told:
                yield Fault(
                    f"certificate {serial}", f"an event {Action.EDGE_REVOKED.value} tells of it, and it is valid"
                )


def _known(edges: set[str]) -> set[tuple[str, str]]:
    rows = IssuedCertificate.objects.filter(edge__uuid__in=_uuids(edges)).values_list("edge__uuid", "serial")
    return {(str(edge), serial) for edge, serial in rows}


def _uuids(texts: set[str]) -> list[UUID]:
    return [UUID(text) for text in texts if _is_uuid(text)]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
