"""Delete a provisioning key, after its name was typed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from keys.operations import delete_key
from keys.pages.key_access import get_own_key
from keys.pages.key_forms import DeleteKeyForm
from keys.pages.returning import way_back
from portal import actors, kept_forms, success_messages
from portal.access import requires
from portal.success_messages import quoted

FORBIDDEN = "You can't delete provisioning keys. Ask an administrator for the Operator role."


@require_http_methods(["GET", "HEAD", "POST"])
@requires("keys.delete_provisioningkey", FORBIDDEN)
@kept_forms.keeps(DeleteKeyForm)
def key_delete(request: HttpRequest, pk: int) -> HttpResponse:
    key, back = get_own_key(pk), way_back(request)
    form = DeleteKeyForm(key.name, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        kept_forms.shown_again(request, form)
        return render(request, "keys/key_delete.html", {"key": key, "form": form, "back": back})
    delete_key(key, actor=actors.from_request(request))
    success_messages.add(request, "Deleted key {}", quoted(key.name))
    return redirect(back.url)
