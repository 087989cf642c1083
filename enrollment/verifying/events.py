"""Checking each audit event of an enrollment, a renewal or a revocation against the certificates that it names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

from enrollment.models import IssuedCertificate
from enrollment.verifying.faults import Fault, Tally, batches
from portal import audit_detail, object_ids
from portal.audit_actions import Action
from portal.models import AuditEvent


def verify(since: datetime, tally: Tally) -> Iterator[Fault]:
    """Yield the events from `since` on whose certificate is missing, and the revocations that were undone or forged."""
    yield from _missing(since, tally)
    yield from _valid_again(since)
    yield from _revoked_without_event(since)


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


def _revoked_without_event(since: datetime) -> Iterator[Fault]:
    """Certificates issued from `since` on that were revoked behind the portal."""
    revoked = IssuedCertificate.objects.revoked()
    for batch in batches(revoked.only("edge_id", "serial").filter(issued_at__gte=since)):
        # All of their edges. Before the events, because a revocation may happen meanwhile.
        serials: dict[str, list[str]] = defaultdict(list)
        of_edges = revoked.filter(edge__in={each.edge_id for each in batch}).order_by("pk")
        for uuid, serial in of_edges.values_list("edge__uuid", "serial"):
            serials[str(uuid)].append(serial)
        named, unnamed = set[tuple[str, str]](), Counter[str]()
        actions = [Action.EDGE_REVOKED, Action.EDGE_DELETED]
        for event in AuditEvent.objects.filter(object_kind="edge", object_id__in=serials.keys(), action__in=actions):
            found = _serials(event)
            named.update((event.object_id, serial) for serial in found)
            unnamed[event.object_id] += max(_certificates(event) - len(found), 0)
        # An event names the newest certificates of its edge and counts all.
        unknown = {
            serial
            for edge, every in serials.items()
            for serial in [each for each in every if (edge, each) not in named][unnamed[edge] :]
        }
        for certificate in batch:
            if certificate.serial in unknown:
                yield Fault(f"certificate {certificate.serial}", "it is revoked and no event names it")


def _certificates(event: AuditEvent) -> int:
    """How many certificates an event of a revocation counts."""
    counted = audit_detail.fields(event.detail).get("certificates")
    return counted if isinstance(counted, int) else 0


def _serials(event: AuditEvent) -> list[str]:
    """The serials that an event of a revocation names."""
    named = audit_detail.fields(event.detail).get("serials")
    return [str(each) for each in named] if isinstance(named, list) else []
