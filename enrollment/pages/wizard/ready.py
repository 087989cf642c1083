"""The end of the wizard: the key, how a machine becomes an edge with it, and the machines as they appear."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from enrollment.models import ServiceEdge
from enrollment.pages import deploy
from enrollment.pages.edge_detail import FORBIDDEN, PERMISSION
from enrollment.pages.history import reason_in_words
from enrollment.pages.wizard import steps
from keys.models import KeyState, ProvisioningKey
from keys.pages import key_rows
from keys.pages.key_download import file_name
from keys.pages.key_rows import May, row_of
from portal import audit, drafts, record_addresses, sessions
from portal.access import requires
from portal.row_ids import row_id
from portal.times import ago

# Of more machines at once the newest.
SHOWN = 10
# How long a refusal is shown to who waits for an edge.
REFUSED_LATELY = timedelta(minutes=10)


def address_of_key(pk: int) -> str:
    """The last page of the wizard for a key that exists."""
    return f"{steps.address('ready')}?{urlencode({'key': pk})}"


def shown(request: HttpRequest) -> HttpResponse:
    """The page of a key that exists: `?key=` is its id, `?after=` the number of uses from which machines are new."""
    pk = row_id(request.GET.get("key", ""))
    if pk is None:
        draft = drafts.of(request.user.pk)
        return redirect(steps.address(steps.first_open(draft) or "review"))
    key = next(iter(key_rows.read(ProvisioningKey.objects.filter(pk=pk))), None)
    if key is None:
        raise Http404
    row = row_of(key, May.of(request.user), timezone.now())
    reveal = record_addresses.of("keys:key-reveal", pk)
    after = row_id(request.GET.get("after", ""))
    context = {
        "row": row,
        "is_ready": row["state"] in {KeyState.READY, KeyState.NEARLY_USED_UP},
        "deploy": deploy.section(request, reveal=reveal, inserts=row["copy"] == "ready", shown=False),
        **_waiting(request, key.id, key.public_id, key.uses if after is None else after),
        "is_asked": after is not None,
    }
    return render(request, "enrollment/wizard/ready.html", context)


def new_key(request: HttpRequest, key: ProvisioningKey, text: str) -> HttpResponse:
    """The page of a new key with its text. It is the answer to the POST: a key that is not viewable is shown once."""
    context = {
        "key": key,
        "is_ready": True,
        "text": text,
        "file_name": file_name(key),
        "deploy": deploy.section(request, inserts=True, shown=True),
        **_waiting(request, key.pk, key.public_id, 0),
    }
    return render(request, "enrollment/wizard/ready.html", context)


@sessions.polls
@require_safe
@requires(PERMISSION, FORBIDDEN)
@requires(steps.ADD, steps.FORBIDDEN)
def enrolled(request: HttpRequest) -> HttpResponse:
    """The machines that enrolled with the key `?key=` after its use number `?after=`, as JSON for the page above."""
    pk, after = row_id(request.GET.get("key", "")), row_id(request.GET.get("after", ""))
    if pk is None or after is None:
        return redirect(steps.address("ready"))
    public_id = ProvisioningKey.objects.filter(pk=pk).order_by().values("public_id")[:1]
    return JsonResponse(_described(pk, _new_edges(public_id, after), after))


def _waiting(request: HttpRequest, pk: int, public_id: str, after: int) -> dict[str, Any]:
    if not request.user.has_perm(PERMISSION):
        return {"may_see_edges": False}
    query = urlencode({"key": pk, "after": after})
    return {
        "may_see_edges": True,
        "after": after,
        "key_id": pk,
        "poll": f"{reverse('enrollment:edge-add-enrolled')}?{query}",
        "enrolled": _described(pk, _new_edges(public_id, after), after),
    }


def _new_edges(public_id: Any, after: int) -> list[ServiceEdge]:
    """The newest machines, found by the index of the constraint `edge_is_one_use_of_its_key`."""
    found = ServiceEdge.objects.filter(key_public_id=public_id, use_number__gt=after).order_by("-use_number")
    return list(found.only("name", "use_number", "enrolled_at", "enrolled_from")[:SHOWN])


def _described(pk: int, edges: list[ServiceEdge], after: int) -> dict[str, Any]:
    now = timezone.now()
    rows = [
        {
            "name": each.name,
            "url": each.get_absolute_url(),
            "words": f"enrolled {ago(each.enrolled_at, now).text}"
            + (f", from {each.enrolled_from}" if each.enrolled_from else ""),
        }
        for each in edges
    ]
    # Uses are numbered without gaps.
    count = edges[0].use_number - after if edges else 0
    return {"edges": rows, "count": count, "refused": _refused(pk, edges[0].enrolled_at if edges else None, now)}


def _refused(pk: int, since: datetime | None, now: datetime) -> dict[str, Any]:
    """The last refusal with this key in words: of the last minutes, and unless a machine enrolled afterwards."""
    begin = max(since or now - REFUSED_LATELY, now - REFUSED_LATELY)
    event = audit.refusals().filter(object_id=str(pk), at__gt=begin).exclude(reason="").first()
    if event is None:
        return {}
    where = f", from {event.client_ip}" if event.client_ip else ""
    return {"id": event.pk, "words": f"Refused {ago(event.at, now).text}{where}: {reason_in_words(event.reason)}."}
