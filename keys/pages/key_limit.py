"""Raise the limit of a key on its own page or in its row of the list, without the whole form of an edit."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from keys.errors import Invalid
from keys.models import ProvisioningKey
from keys.operations import raise_limit
from keys.pages.key_access import get_own_key
from keys.pages.key_detail import page_of
from keys.pages.key_edit import FORBIDDEN
from keys.pages.key_forms import LimitForm
from keys.pages.key_messages import limit_raised
from keys.pages.returning import way_back
from portal import actors
from portal.access import requires


@require_POST
@requires("keys.change_provisioningkey", FORBIDDEN)
def key_limit(request: HttpRequest, pk: int) -> HttpResponse:
    key, form = get_own_key(pk), LimitForm(request.POST)
    if form.is_valid():
        try:
            raise_limit(key, max_uses=form.cleaned_data["max_uses"], actor=actors.from_request(request))
        except Invalid as refused:
            form.refuse(refused)
    if not request.accepts("text/html"):
        return _for_a_script(key, form)
    if form.errors:
        return page_of(request, pk, form)
    limit_raised(request, key)
    return redirect(key.get_absolute_url() + way_back(request).suffix)


def _for_a_script(key: ProvisioningKey, form: LimitForm) -> HttpResponse:
    """The sentence to announce. A refusal is a problem document (`portal.refusal_pages`)."""
    if form.errors:
        raise Invalid("max_uses", str(form.errors["max_uses"][0]))
    return JsonResponse({"message": f"Limit of “{key.name}” raised to {key.max_uses:,}."})
