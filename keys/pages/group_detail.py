"""The page of one group: what is wrong with it, its keys, its edges, its place and its settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import machines
from keys.models import KeyState, ProvisioningKey, ServiceEdgeGroup
from keys.pages.group_access import NOT_ALLOWED, VIEW
from keys.pages.group_row_html import newest_members, row_of
from keys.pages.group_rows import EdgeCounts, GroupMay, read
from keys.state_filter import in_state
from portal import world_map
from portal.access import requires
from portal.lists.counting import COUNTED
from portal.templatetags.counts import counted

SHOWN = 25


class Verdict(NamedTuple):
    """What is wrong with a group in one sentence, and the page that helps: the words of its link and its address."""

    sentence: str
    link: str = ""
    address: str = ""


@require_safe
@requires(VIEW, NOT_ALLOWED)
def group_detail(request: HttpRequest, pk: int) -> HttpResponse:
    group = next(iter(read(ServiceEdgeGroup.objects.filter(pk=pk), COUNTED)), None)
    if group is None:
        raise Http404
    now, may = timezone.now(), GroupMay.of(request.user)
    edges = EdgeCounts.of(group.edge_words, COUNTED)
    row = row_of(group, may, now, edges, newest_members([pk], SHOWN, may, now)[pk])
    is_placed = group.latitude is not None and group.longitude is not None
    place = world_map.project(float(group.latitude), float(group.longitude)) if is_placed else None
    context = {
        "place": place,
        "view": world_map.view_of([place] if place else []),
        "group": group,
        "row": row,
        "may": may,
        "events": machines.answers().events_of_group(request.user, pk),
        "verdict": _verdict(group, row, may, edges, now),
    }
    return render(request, "keys/group_detail.html", context)


def _verdict(group: Any, row: dict[str, Any], may: GroupMay, edges: EdgeCounts, now: datetime) -> Verdict | None:
    """The first that applies: what blocks the most comes first."""
    add_key = ("New key for this group", f"{reverse('keys:key-add')}?group={group.pk}") if may.keys.add else ()
    if not group.enabled:
        sentence = f"Disabled: {_blocked(group.key_count, edges)}"
        return Verdict(
            sentence,
            *(("Enable it", f"{reverse('keys:group-edit', args=[group.pk])}#id_enabled") if row["edit"] else ()),
        )
    if edges.disconnected and not edges.is_capped:
        verb = "is" if edges.disconnected == 1 else "are"
        sentence = f"{edges.disconnected:,} of {edges.number} {verb} disconnected."
        link = ("Show disconnected edges", f"{row['edges_url']}&connection=disconnected") if row["sees_edges"] else ()
        return Verdict(sentence, *link)
    if not group.key_count:
        return Verdict("No edge can enroll: the group has no key.", *add_key)
    keys = ProvisioningKey.objects.filter(group=group)
    if not keys.filter(in_state(KeyState.READY, now) | in_state(KeyState.NEARLY_USED_UP, now)).exists():
        return Verdict("No edge can enroll: none of its keys admits one now.", "Show its keys", row["keys_url"])
    return None


def _blocked(keys: int, edges: EdgeCounts) -> str:
    """What a disabled group keeps from whom."""
    if not keys and not edges.total:
        return "no edge can enroll."
    parts = [f"{counted(keys, 'key')} {'refuses' if keys == 1 else 'refuse'} enrollment"] if keys else []
    parts += [f"{edges.number} can't renew"] if edges.total else []
    return f"{', and '.join(parts)}."
