"""View data of one event of the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import BigIntegerField, Case, Model, OuterRef, QuerySet, Subquery, When
from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.pages.history import reason_in_words
from enrollment.revocation_reasons import RevocationReason
from keys import field_words
from keys.errors import Gone, InUse, Managed, Stale
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal import audit_detail, record_addresses
from portal.audit_actions import EDITS
from portal.lists.state import ListState
from portal.models import AuditEvent
from portal.object_ids import AsNumber, AsUUID
from portal.times import ago, stamp

KINDS = {
    "key": "Key",
    "group": "Group",
    "certificate": "Certificate",
    "edge": "Edge",
    "user": "User",
    "list": "List",
    "view": "View",
}
INTERFACES = {
    "portal": "Portal",
    "support": "Support pages",
    "enrollment": "Enrollment",
    "api": "API",
    "command": "Command",
}
# Refusals of pages whose codes are no words.
_REASONS = {each.code: each.title for each in (Gone, InUse, Managed, Stale)} | {"forbidden": "Not allowed by the role"}
_PAGES: dict[str, tuple[type[Model], str]] = {
    "key": (ProvisioningKey, "keys:key-detail"),
    "group": (ServiceEdgeGroup, "keys:group-detail"),
    "certificate": (SigningCertificate, "keys:certificate-detail"),
    "edge": (ServiceEdge, "enrollment:edge-detail"),
    "user": (User, "admin:auth_user_change"),
}


class Part(NamedTuple):
    """A piece of a value, and whether the other value lacks it."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A field that an edit changed. Without parts it is a secret, of which only `after` is known: "changed"."""

    field: str
    before: str
    after: str
    before_parts: Sequence[Part] = ()
    after_parts: Sequence[Part] = ()


class Fact(NamedTuple):
    """A field of any other event. On a page the value is HTML if it is a moment."""

    field: str
    value: str


def _looked_up(kind: str) -> When:
    """The id of the resource of an event of this kind. Refusals of unrecognized keys have none."""
    object_id = OuterRef("object_id")
    wanted = {"uuid": AsUUID(object_id)} if kind == "edge" else {"pk": AsNumber(object_id)}
    found = _PAGES[kind][0]._default_manager.filter(**wanted).order_by().values("pk")
    return When(object_kind=kind, then=Subquery(found[:1]))


_RESOURCE = Case(*map(_looked_up, _PAGES), output_field=BigIntegerField())


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `resource_url` is empty when the resource is gone; `reason` is empty unless it was refused."""

    id: str
    open: bool
    day: str
    exact: str
    iso: str
    who: str
    who_kind: str
    action: str
    code: str
    kind: str
    resource: str
    resource_url: str
    reference: str
    interface: str
    address: str
    reason: str
    reason_code: str
    request_id: str
    times: int
    by_person: bool
    changes: list[Change]
    facts: list[Fact]

    @property
    def label(self) -> str:
        """The name of the row, for its button."""
        return " ".join(filter(None, [self.action, self.resource, self.day]))


def described(events: Iterable[AuditEvent], user: Any, state: ListState) -> list[EventRow]:
    """Events of `read` as the list shows them, with links to the resources that exist and that the user may see."""
    return [_row(event, _address(event, user), state) for event in events]


def read(events: QuerySet[AuditEvent]) -> list[Any]:
    """The events of a page, each with `resource_pk`, the id of its resource; None when that is gone."""
    return list(events.annotate(resource_pk=_RESOURCE))


def _address(event: Any, user: Any) -> str:
    if event.resource_pk is None or (event.object_kind == "user" and not user.is_staff):
        return ""
    return record_addresses.of(_PAGES[event.object_kind][1], event.resource_pk)


def who(event: AuditEvent) -> str:
    """Who did it: a person or command by name, a machine by its edge, others in words."""
    if event.actor_name:
        return event.actor_name
    if event.interface == "enrollment":
        return event.object_name if event.object_kind == "edge" else "A machine"
    return "Nobody signed in"


def changes(event: AuditEvent) -> list[str]:
    """What an edit changed, each field in one line."""
    arrow = "\N{RIGHTWARDS ARROW}"
    return [f"{each.field}: {each.before} {arrow} {each.after}".replace("  ", " ") for each in _changes(event)]


def facts(event: AuditEvent) -> list[str]:
    """What else is known of an event, each field in one line: what was created, which page was refused."""
    return [f"{each.field}: {each.value}" for each in _facts(event)]


def changes_in_one_line(event: AuditEvent) -> str:
    """What changed, for CSV."""
    return "; ".join(changes(event))


def facts_in_one_line(event: AuditEvent) -> str:
    """The facts, for CSV."""
    return "; ".join(facts(event))


def _row(event: AuditEvent, url: str, state: ListState) -> EventRow:
    at = ago(event.at, timezone.now())
    return EventRow(
        id=str(event.pk),
        open=state.is_open(event.pk),
        day=_short(event.at, at.exact),
        exact=at.exact,
        iso=at.iso,
        who=who(event),
        who_kind=event.actor_kind,
        action=event.action.partition(".")[2].replace("_", " ").capitalize(),
        code=event.action,
        kind=KINDS.get(event.object_kind, event.object_kind),
        resource=event.object_name,
        resource_url=url,
        reference=f"{event.object_kind}:{event.object_id}" if event.object_id else "",
        interface=INTERFACES.get(event.interface, event.interface),
        address=event.client_ip or "",
        reason=_reason(event.reason),
        reason_code=event.reason,
        request_id=event.request_id,
        times=audit_detail.times(event.detail),
        by_person=bool(event.actor_name) and event.interface != "enrollment",
        changes=list(_changes(event)),
        facts=list(_facts(event, field_words.as_html)),
    )


def _short(at: datetime, exact: str) -> str:
    """Without zone, and without the year when that is the current one: the details have both."""
    text = exact.rpartition(" ")[0]
    year = stamp(timezone.now()).day.rpartition(" ")[2]
    return text.replace(f" {year},", ",")


def _reason(code: str) -> str:
    if code in _REASONS:
        return _REASONS[code]
    words = reason_in_words(code)
    return words if words != code else code.replace("_", " ").capitalize()


def _changes(event: AuditEvent) -> Iterator[Change]:
    for name, value in audit_detail.fields(event.detail).items() if event.action in EDITS else ():
        if isinstance(value, list) and len(value) == 2:
            before, after = (_text(name, each) for each in value)
            yield Change(field_words.label(name), before, after, *_compared(before, after))
        else:
            yield Change(field_words.label(name), "", _text(name, value))


def _facts(event: AuditEvent, words: Callable[[str, Any], str] = field_words.shown) -> Iterator[Fact]:
    for name, value in audit_detail.fields(event.detail).items() if event.action not in EDITS else ():
        # The count is beside the action, unless it is none.
        if name != "count" or value != audit_detail.times(event.detail):
            yield Fact(field_words.label(name), _text(name, value, words))


def _compared(before: str, after: str) -> tuple[list[Part], list[Part]]:
    """Both values in pieces: words that only one of them has are marked there."""
    old, new = (re.findall(r"\s+|\S+", text) for text in (before, after))
    removed, added = [], []
    for kind, at, to, new_at, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        removed.append(Part("".join(old[at:to]), kind != "equal"))
        added.append(Part("".join(new[new_at:new_to]), kind != "equal"))
    return [part for part in removed if part.text], [part for part in added if part.text]


def _text(name: str, value: Any, words: Callable[[str, Any], str] = field_words.shown) -> str:
    if name == "revocation_reason":
        value = dict(RevocationReason.choices).get(str(value), value)
    return words(name, value)
