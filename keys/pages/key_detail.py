"""The page of one provisioning key."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import machines
from keys.models import ProvisioningKey
from keys.pages import activity, key_rows
from keys.pages.key_list import NOT_ALLOWED
from keys.pages.key_rows import May, row_of
from keys.pages.returning import way_back
from portal.access import requires


@require_safe
@requires("keys.view_provisioningkey", NOT_ALLOWED)
def key_detail(request: HttpRequest, pk: int) -> HttpResponse:
    may = May.of(request.user)
    key = next(iter(key_rows.read(ProvisioningKey.objects.filter(pk=pk))), None)
    if key is None:
        raise Http404
    row = row_of(key, may, timezone.now())
    may_see_history = request.user.has_perm("portal.view_auditevent")
    entries = activity.of_key(pk) if may_see_history else None
    back = way_back(request)
    context = {
        "row": row,
        "may": may,
        "activity": entries,
        "back": back,
        "machines": machines.answers().key_sections(request, row, back),
    }
    return render(request, "keys/key_detail.html", context)
