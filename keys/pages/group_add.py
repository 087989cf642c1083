"""Add a group."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from keys.errors import Invalid
from keys.models import ServiceEdgeGroup
from keys.operations import create_group
from keys.pages.group_access import ADD, FORBIDDEN
from keys.pages.group_forms import GroupForm
from portal import actors, kept_forms, success_messages, world_map
from portal.access import requires
from portal.success_messages import named


@require_http_methods(["GET", "HEAD", "POST"])
@requires(ADD, FORBIDDEN)
@kept_forms.keeps(GroupForm)
def group_add(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, kept_forms.shown_again(request, GroupForm()))
    form = GroupForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    try:
        create_group(form.instance, actor=actors.from_request(request))
    except Invalid as error:
        form.refuse(error)
        return _page(request, form)
    success_messages.add(request, "Added group {}", named(form.instance), next_step=_next_step(request, form.instance))
    return redirect(form.instance)


def _next_step(request: HttpRequest, group: ServiceEdgeGroup) -> SafeString | str:
    """Without a key no edge can enroll into it."""
    if not request.user.has_perm("keys.add_provisioningkey"):
        return ""
    return success_messages.link("Add a key for it", f"{reverse('keys:key-add')}?group={group.pk}")


def _page(request: HttpRequest, form: GroupForm) -> HttpResponse:
    return render(request, "keys/group_add.html", {"form": form, "world": world_map})
