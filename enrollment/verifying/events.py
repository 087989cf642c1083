"""Checking each audit event of an enrollment, a renewal or a revocation against the certificates that it names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from enrollment.models import IssuedCertificate
from enrollment.verifying.faults import Fault, Tally, batches
from portal import audit_detail, object_ids
from portal.audit_actions import Action
from portal.models import AuditEvent


def verify(since: datetime, tally: Tally) -> Iterator[Fault]:
    """Yield the events from `since` on whose certificate is missing, and the certificates that are valid again."""
    yield from _missing(since, tally)
    yield from _valid_again(since)


def _missing(since: datetime, tally: Tally) -> Iterator[Fault]:
    events = AuditEvent.objects.filter(at__gte=since, action__in=[Action.EDGE_ENROLLED, Action.EDGE_RENEWED])
    for batch in batches(events):
        tally.events += len(batch)
        issued = IssuedCertificate.objects.filter(edge__uuid__in=object_ids.uuids({event.object_id for event in batch}))
        known = {(str(edge), serial) for edge, serial in issued.values_list("edge__uuid", "serial")}
        for event in batch:
            serial = str(audit_detail.fields(event.detail).get("serial"))
            if (event.object_id, serial) not in known:
                yield Fault(f"event {event.pk}", f"{event.action} of certificate {serial}, which is missing")


def _valid_again(since: datetime) -> Iterator[Fault]:
    """Certificates that an event names as revoked and that are valid: a revocation is never undone."""
    for batch in batches(AuditEvent.objects.filter(at__gte=since, action=Action.EDGE_REVOKED)):
        revoked = {(event.object_id, serial) for event in batch for serial in _serials(event)}
        valid = IssuedCertificate.objects.live().filter(edge__uuid__in=object_ids.uuids({edge for edge, _ in revoked}))
        for edge, serial in valid.values_list("edge__uuid", "serial"):
            if (str(edge), serial) in revoked:
                yield Fault(f"certificate {serial}", f"an event {Action.EDGE_REVOKED.value} names it, and it is valid")


def _serials(event: AuditEvent) -> list[str]:
    """The serials that an event of a revocation names."""
    named = audit_detail.fields(event.detail).get("serials")
    return [str(each) for each in named] if isinstance(named, list) else []
