"""The page of one provisioning key."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import activity
from keys.rows import May, row_of
from keys.views.access import get_key, requires
from keys.views.key_list import NOT_ALLOWED
from keys.views.returning import way_back


@require_safe
@requires("keys.view_provisioningkey", NOT_ALLOWED)
def key_detail(request: HttpRequest, pk: int) -> HttpResponse:
    may = May.of(request.user)
    row = row_of(get_key(pk), may, timezone.now())
    may_see_history = request.user.has_perm("portal.view_auditevent")
    entries = activity.of_key(pk) if may_see_history else None
    context = {"row": row, "may": may, "activity": entries, "back": way_back(request)}
    return render(request, "keys/key_detail.html", context)
