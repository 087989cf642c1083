"""Who used a key, when, from where, and with what outcome: what the audit log says of machines, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from enrollment.errors import REFUSALS
from enrollment.models import ServiceEdge
from keys.pages.presentation import Stamp, stamp
from portal import audit
from portal.models import AuditEvent

SHOWN = 20
_PLACE = re.compile(r"[0-9]{1,18}")
_DONE = {
    audit.Action.EDGE_ENROLLED: "Enrolled",
    audit.Action.EDGE_REPLAYED: "Same certificate again",
    audit.Action.EDGE_RENEWED: "Renewed",
}


@dataclass(frozen=True, slots=True)
class Use:
    """One attempt. `edge` is empty where none came of it; `key_pair` is the SHA-256 of the public key it came with.

    `times` is more than one where one event counts what came within a minute beyond the first few.
    `fault` says what was wrong inside the request, `ignored` what it asked for in vain.
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
    when: Stamp
    address: str
    times: int


@dataclass(frozen=True, slots=True)
class History:
    """One page of uses, the newest first. `older` names the place behind it, empty at the end."""

    uses: list[Use]
    older: str
    is_newest: bool


def of_key(public_id: str, after: str = "") -> History:
    """The uses of a key, from the newest or from behind `after`. What makes no sense there is as if it were absent."""
    return _page(audit.of_machines(public_id), after)


def of_edge(uuid: str, after: str = "") -> History:
    """The uses an edge made of its key and its certificates, in the same way."""
    return _page(audit.of_edge(uuid, by_machine=True), after)


def _page(found: QuerySet[AuditEvent], after: str) -> History:
    is_newest = not _PLACE.fullmatch(after)
    page = list((found if is_newest else found.filter(id__lt=int(after)))[: SHOWN + 1])
    older = str(page[SHOWN - 1].pk) if len(page) > SHOWN else ""
    return History(described(page[:SHOWN]), older, is_newest)


def described(events: Iterable[AuditEvent]) -> list[Use]:
    """Audit events of machines in words, with the pages of their edges."""
    events = list(events)
    uuids = {event.object_id for event in events if event.object_kind == "edge" and event.object_id}
    edges = {str(edge.uuid): edge for edge in ServiceEdge.objects.only("uuid", "name").filter(uuid__in=uuids)}
    return [_use(event, edges.get(event.object_id)) for event in events]


def _use(event: AuditEvent, edge: ServiceEdge | None) -> Use:
    return Use(
        outcome=_outcome(event),
        code=event.reason,
        reason=reason_in_words(event.reason),
        fault=event.detail.get("fault", ""),
        ignored=", ".join(event.detail.get("ignored_extensions", ())),
        edge=edge.name if edge else event.object_name if event.object_kind == "edge" else "",
        edge_url=edge.get_absolute_url() if edge else "",
        key_pair=event.detail.get("spki_sha256", ""),
        serial=event.detail.get("serial", ""),
        when=stamp(event.at),
        address=event.client_ip or "",
        times=event.detail.get("count", 1),
    )


def _outcome(event: AuditEvent) -> str:
    if not event.reason:
        return _DONE.get(audit.Action(event.action), event.get_action_display())
    # A refusal whose object is an edge came with its certificate, which only renewal takes.
    return "Renewal refused" if event.object_kind == "edge" else "Refused"


def reason_in_words(code: str) -> str:
    """The standing title of a refusal; the code itself where it is not one of today's."""
    return REFUSALS[code].title if code in REFUSALS else code
