"""What machines and people did with a key or an edge, in one list: each event as its own page of the log shows it."""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.pages import history
from keys.models import ProvisioningKey
from keys.pages import activity
from portal import audit
from portal.audit_actions import REVEALED
from portal.models import AuditEvent

SHOWN = 20
FILTER, CURSOR = "timeline", "timeline_after"
_WORDS = {"": "All", "machines": "Machines", "people": "People"}
# Of an event or a key.
_ID = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of the filter."""

    word: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page, newest first. `older_url` and `newest_url` are empty where there is nothing to go to.

    `log_url` is the audit log with all events of the key or edge, `reveals_url` with those of a key of people who
    showed, copied or downloaded it; both are empty for who may not see it.
    """

    events: list[history.Use | activity.Entry]
    choices: list[Choice]
    older_url: str
    newest_url: str
    log_url: str
    reveals_url: str


def of_key(request: HttpRequest, url: str, pk: int | str, public_id: str, query: str = "") -> Timeline | None:
    """The events of a key that the user may see, or None. `url` is its page, `query` what links on it carry along."""
    return _timeline(request, url, query, f"key:{pk}", audit.of_machines(public_id), audit.of_people(str(pk)))


def of_edge(request: HttpRequest, url: str, uuid: str) -> Timeline | None:
    """The events of an edge that the user may see, or None. `url` is its page."""
    machines, people = (audit.of_edge(uuid, by_machine=by_machine) for by_machine in (True, False))
    return _timeline(request, url, "", f"edge:{uuid}", machines, people)


def in_support(request: HttpRequest, record: Any, url: str) -> str:
    """The timeline of a record as HTML; "" for one without. `url` is the page that shows it.

    A certificate has that of its edge, an event that of its object.
    """
    found = None
    match record:
        case ProvisioningKey():
            found = of_key(request, url, record.pk, record.public_id)
        case ServiceEdge():
            found = of_edge(request, url, str(record.uuid))
        case IssuedCertificate():
            found = of_edge(request, url, str(record.edge.uuid))
        case AuditEvent(object_kind="edge") if record.object_id:
            found = of_edge(request, url, record.object_id)
        case AuditEvent(object_kind="key") if _ID.fullmatch(record.object_id):
            ids = ProvisioningKey.objects.filter(pk=record.object_id).values_list("public_id", flat=True)
            found = of_key(request, url, record.object_id, ids.first() or "")
    return render_to_string("enrollment/_timeline.html", {"timeline": found, "whose": "Events"}) if found else ""


def _timeline(
    request: HttpRequest,
    url: str,
    query: str,
    resource: str,
    machines: QuerySet[AuditEvent],
    people: QuerySet[AuditEvent],
) -> Timeline | None:
    sources = {}
    # The addresses of machines are for who may see edges, people's deeds for who may see the audit log.
    if request.user.has_perm("enrollment.view_serviceedge"):
        sources["machines"] = machines
    if request.user.has_perm("portal.view_auditevent"):
        sources["people"] = people
    if not sources:
        return None
    # An unknown filter or cursor counts as none.
    kind = request.GET.get(FILTER, "")
    kind = kind if kind in sources else ""
    after = request.GET.get(CURSOR, "")
    after = after if _ID.fullmatch(after) else ""
    chosen = [sources[kind]] if kind else list(sources.values())
    events = _newest(chosen, after)
    older = str(events[SHOWN - 1].pk) if len(events) > SHOWN else ""

    def address(**parameters: str) -> str:
        added = urlencode({name: value for name, value in parameters.items() if value})
        return f"{url}{'?' if query or added else ''}{'&'.join(filter(None, [query, added]))}#timeline"

    choices = [
        Choice(word, address(**{FILTER: value}), value == kind)
        for value, word in _WORDS.items()
        if len(sources) > 1
    ]  # fmt: skip
    log = f"{reverse('enrollment:audit-log')}?{urlencode({'resource': resource})}" if "people" in sources else ""
    return Timeline(
        events=_described(events[:SHOWN]),
        choices=choices,
        older_url=address(**{FILTER: kind, CURSOR: older}) if older else "",
        newest_url=address(**{FILTER: kind}) if after else "",
        log_url=log,
        reveals_url=f"{log}&action={REVEALED}&result=success" if log and resource.startswith("key:") else "",
    )


def _newest(sources: list[QuerySet[AuditEvent]], after: str) -> list[AuditEvent]:
    """One page and one event more, which shows that there are older ones. Each source reads a range of an index."""
    pages = [(found.filter(id__lt=int(after)) if after else found)[: SHOWN + 1] for found in sources]
    return list(heapq.merge(*pages, key=lambda event: event.pk, reverse=True))[: SHOWN + 1]


def _described(events: list[AuditEvent]) -> list[history.Use | activity.Entry]:
    of_machines = [event for event in events if event.interface == "enrollment"]
    uses: Mapping[int, history.Use] = {
        event.pk: use for event, use in zip(of_machines, history.described(of_machines), strict=True)
    }
    return [uses.get(event.pk) or activity.described(event) for event in events]
