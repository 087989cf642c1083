"""The page of one provisioning key."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import machines
from keys.models import ProvisioningKey
from keys.pages import key_rows
from keys.pages.key_forms import LimitForm
from keys.pages.key_list import NOT_ALLOWED
from keys.pages.key_rows import May, row_of
from keys.pages.returning import way_back
from portal import record_addresses
from portal.access import requires


@require_safe
@requires("keys.view_provisioningkey", NOT_ALLOWED)
def key_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return page_of(request, pk)


def page_of(request: HttpRequest, pk: int, limit: LimitForm | None = None) -> HttpResponse:
    """The page of a key, with the form of its limit as it was sent. Raises Http404."""
    may = May.of(request.user)
    key = next(iter(key_rows.read(ProvisioningKey.objects.filter(pk=pk))), None)
    if key is None:
        raise Http404
    row = row_of(key, may, timezone.now())
    back, port = way_back(request), machines.answers()
    reveal = record_addresses.of("keys:key-reveal", pk)
    context = {
        "row": row,
        "may": may,
        "back": back,
        "limit": limit or LimitForm(initial={"max_uses": row["least"]}),
        "machines": port.key_sections(request, row, back),
        "deploy": "" if row["use"] == "full" else port.deploy(request, reveal=reveal, inserts=bool(row["copy"])),
    }
    return render(request, "keys/key_detail.html", context)
