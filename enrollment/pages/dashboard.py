"""The dashboard, the page after sign-in: what needs attention now, how much there is, and what happened lately.

Every number leads to a list with exactly so many rows. A user sees the numbers of the lists that they may see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from enrollment.pages.attention import FINE, concerns
from enrollment.pages.audit_log import EVENTS
from enrollment.pages.edge_list import EDGES
from enrollment.pages.enrollment_days import course
from enrollment.pages.recent_activity import latest
from keys.pages.certificate_list import CERTIFICATES
from keys.pages.group_list import GROUPS
from keys.pages.group_map import group_map
from keys.pages.key_list import KEYS
from portal import zones
from portal.lists import numbers
from portal.lists.listing import List
from portal.lists.numbers import Number
from portal.menu import MENU
from portal.times import ago
from portal.tones import Tone

# Beside the number of all rows of a list: those in a state, the words for them, and its tone. Not of a list that is too
# long to be counted: of 10,000+ edges nobody needs to know that 10,000+ are connected.
_NOTABLE = {
    KEYS: [(Number(KEYS, (("usage", "unused"),)), "never used", Tone.OFF)],
    EDGES: [(Number(EDGES, (("connection", "connected"),)), "connected", Tone.OK)],
    GROUPS: [(Number(GROUPS, (("enabled", "no"),)), "disabled", Tone.OFF)],
    CERTIFICATES: [(Number(CERTIFICATES, (("state", "signs"),)), "ready", Tone.OK)],
}
ADD_EDGE = "Add Private Service Edge"


class Total(NamedTuple):
    """The number of all rows of a list, and of those in some states."""

    noun: str
    icon: str
    number: int
    link: str
    notable: Sequence[tuple[int, str, str, Tone]]


class Step(NamedTuple):
    """A step from an empty portal to the first edge. `link` is empty for who may not take it."""

    title: str
    text: str
    action: str
    link: str
    is_done: bool


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """What the user may see of keys, edges, groups, certificates and events. Without a role: whom to ask."""
    lists = [each for each in (*_NOTABLE, EVENTS) if request.user.has_perm(each.permission)]
    now = timezone.now()
    context: dict[str, Any] = {
        "read_at": ago(now, now),
        "clock": f"{zones.local(now):%H:%M:%S}",
        "has_no_role": not lists,
    }
    if not lists:
        return render(request, "enrollment/dashboard.html", context)
    candidates = concerns(lists)
    counts = numbers.count(
        [*(Number(each) for each in lists if each in _NOTABLE), *(each.number for each in candidates)],
        of_short=[number for each in lists for number, *_ in _NOTABLE.get(each, ())],
    )
    whole = {each: counts[Number(each)] for each in lists if each in _NOTABLE}
    steps = _steps(request.user, whole) if KEYS in lists and EDGES in lists and not whole[EDGES] else []
    context |= {
        "is_new": bool(steps) and not whole[KEYS],
        "steps": steps,
        "next_step": next((each for each in steps if not each.is_done), None),
        "concerns": [(each, counts[each.number]) for each in candidates if counts[each.number]],
        "fine": [FINE[each] for each in lists if each in FINE],
        "totals": [_total(each, counts) for each in lists if each in _NOTABLE],
        "course": course(request.GET.get("days", ""), now) if EVENTS in lists else None,
        "map": group_map(whole[GROUPS]) if whole.get(GROUPS) else None,
        "activity": latest(request.user) if EVENTS in lists else None,
    }
    return render(request, "enrollment/dashboard.html", context)


def _total(declared: List, counts: Mapping[Number, int]) -> Total:
    whole = Number(declared)
    # That none works is worth a word; that none is in another state is not.
    notable = [
        (counts[number], number.link, words, tone if counts[number] else Tone.OFF)
        for number, words, tone in _NOTABLE[declared]
        if number in counts and (counts[number] or tone == Tone.OK)
    ]
    icon = next(entry.icon for entry in MENU if entry.label == declared.name)
    return Total(declared.noun, icon, counts[whole], whole.link, notable)


def _steps(user: Any, whole: Mapping[List, int]) -> list[Step]:
    """The steps until the first edge has enrolled. The wizard makes the group and the key, also both at once."""
    wizard = reverse("enrollment:edge-add-choose-key") if user.has_perm("keys.add_provisioningkey") else ""
    return [
        Step(
            "Create a group",
            "A group is a place where edges are deployed together. It can be created together with its first key.",
            ADD_EDGE,
            wizard,
            bool(whole.get(GROUPS)),
        ),
        Step(
            "Create a key",
            "A key admits edges into its group. Its text is a credential.",
            ADD_EDGE,
            wizard,
            bool(whole[KEYS]),
        ),
        Step(
            "Deploy an edge",
            "The page of a key has the commands for a machine. The edge appears here when it has enrolled.",
            "Open keys",
            reverse("keys:key-list") if whole[KEYS] else "",
            False,
        ),
    ]
