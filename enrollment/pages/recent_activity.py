"""Who did what last: the latest events of people and commands, sign-ins and refused pages left out."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import QueryDict
from django.utils import timezone

from enrollment.pages import audit_rows
from enrollment.pages.audit_log import EVENTS
from enrollment.pages.audit_rows import EventRow
from portal import audit
from portal.audit_actions import Action
from portal.models import AuditEvent
from portal.times import Ago, ago

SHOWN = 8
# More are read, because some are left out afterwards: no index has only the others.
_READ = 40
# The other actions are verbs already: "created", "copied".
_VERBS: dict[str, str] = {
    Action.KEY_SHOWN: "showed",
    Action.KEY_LIMIT_RAISED: "raised the limit of",
    Action.KEY_EDGES_REVOKED: "revoked the edges of",
    Action.USER_SESSIONS_ENDED: "ended sessions of",
}
# A refused sign-in or page changed nothing, and its sentence would begin with nobody.
_LEFT_OUT = {Action.USER_SIGNED_IN, Action.USER_SIGNED_OUT, Action.USER_REFUSED}


class Recent(NamedTuple):
    """An event, what was done as a verb with an object, and how long ago it was."""

    event: EventRow
    verb: str
    when: Ago


def latest(user: Any) -> list[Recent]:
    """The latest events, newest first; at most two queries."""
    now = timezone.now()
    shown = [each.pk for each in audit.latest_of_people(_READ) if each.action not in _LEFT_OUT][:SHOWN]
    events = audit_rows.read(AuditEvent.objects.filter(pk__in=shown).order_by("-at", "-id"))
    rows = audit_rows.described(events, user, EVENTS.state(QueryDict()))
    return [
        Recent(row, _VERBS.get(row.code, row.action.lower()), ago(event.at, now))
        for row, event in zip(rows, events, strict=True)
    ]
