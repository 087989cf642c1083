"""What machines did: each attempt with time, address and outcome, from the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from enrollment.errors import REFUSALS
from enrollment.models import ServiceEdge
from keys import field_words
from portal import audit, audit_detail, object_ids
from portal.models import AuditEvent
from portal.times import Ago, ago

_DONE: dict[str, str] = {
    audit.Action.EDGE_ENROLLED: "Enrolled",
    audit.Action.EDGE_REPLAYED: "Same certificate again",
    audit.Action.EDGE_RENEWED: "Renewed",
}
# Fields of the detail, in the order of `_use`.
_SHOWN = ("fault", "ignored_extensions", "spki_sha256", "serial")


@dataclass(frozen=True, slots=True)
class Use:
    """One attempt. `edge` is empty when no edge is known; `key_pair` is the SHA-256 of the public key of the request.

    `times` is more than one for an event that counts further attempts of one minute. `fault` is what was wrong with the
    request; `ignored` lists the extensions it asked for and did not get.
    """

    outcome: str
    code: str
    reason: str
    fault: str
    ignored: str
    edge: str
    edge_url: str
    key_pair: str
    serial: str
    when: Ago
    address: str
    times: int


def described(events: Iterable[AuditEvent]) -> list[Use]:
    """Audit events of machines as uses, with the addresses of their edges' pages."""
    events = list(events)
    uuids = object_ids.uuids({event.object_id for event in events if event.object_kind == "edge"})
    # Django builds the query before it finds that nothing is asked for.
    found = ServiceEdge.objects.only("uuid", "name").filter(uuid__in=uuids) if uuids else ()
    edges = {str(edge.uuid): edge for edge in found}
    now = timezone.now()
    return [_use(event, edges.get(event.object_id), now) for event in events]


def _use(event: AuditEvent, edge: ServiceEdge | None, now: datetime) -> Use:
    fields = audit_detail.fields(event.detail)
    fault, ignored, key_pair, serial = (field_words.shown(name, fields.get(name, "")) for name in _SHOWN)
    return Use(
        outcome=_outcome(event),
        code=event.reason,
        reason=reason_in_words(event.reason),
        fault=fault,
        ignored=ignored,
        edge=edge.name if edge else event.object_name if event.object_kind == "edge" else "",
        edge_url=edge.get_absolute_url() if edge else "",
        key_pair=key_pair,
        serial=serial,
        when=ago(event.at, now),
        address=event.client_ip or "",
        times=audit_detail.times(event.detail),
    )


def _outcome(event: AuditEvent) -> str:
    if not event.reason:
        return _DONE.get(event.action, event.get_action_display())
    # A refusal whose object is an edge came with a certificate, which only renewals present.
    return "Renewal refused" if event.object_kind == "edge" else "Refused"


def reason_in_words(code: str) -> str:
    """The title of a refusal. The code itself when this version of the portal does not have it."""
    return REFUSALS[code].title if code in REFUSALS else code
