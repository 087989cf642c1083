"""Delete a group after its name was typed, or show what depends on it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from keys import group_use
from keys.errors import InUse
from keys.operations import delete_group
from keys.pages.group_access import DELETE, FORBIDDEN, get_own_group, list_that_led_here
from keys.pages.group_forms import DeleteGroupForm
from keys.pages.group_rows import GroupMay
from portal import actors, kept_forms, success_messages
from portal.access import requires
from portal.success_messages import quoted


@require_http_methods(["GET", "HEAD", "POST"])
@requires(DELETE, FORBIDDEN)
@kept_forms.keeps(DeleteGroupForm)
def group_delete(request: HttpRequest, pk: int) -> HttpResponse:
    group, origin = get_own_group(pk), list_that_led_here(request)
    form, status = DeleteGroupForm(group.name, request.POST if request.method == "POST" else None), 200
    if form.is_bound and form.is_valid():
        try:
            delete_group(group, actor=actors.from_request(request))
            success_messages.add(request, "Deleted group {}", quoted(group.name))
            return redirect(origin or "keys:group-list")
        except InUse as refused:
            form.refuse(refused)
            status = refused.status
    kept_forms.shown_again(request, form)
    context = {
        "group": group,
        "form": form,
        "use": group_use.of(group),
        "may": GroupMay.of(request.user),
        "origin": origin,
    }
    return render(request, "keys/group_delete.html", context, status=status)
