"""Edit a group, and resolve the conflict when somebody else edited it at the same time."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from keys import group_use
from keys.errors import Stale
from keys.models import ServiceEdgeGroup
from keys.operations import edit_group
from keys.pages.group_access import CHANGE, FORBIDDEN, get_own_group, list_that_led_here
from keys.pages.group_forms import EditGroupForm
from keys.pages.save_edit import save_edit
from portal import kept_forms, success_messages, world_map
from portal.access import requires
from portal.success_messages import named


@require_http_methods(["GET", "HEAD", "POST"])
@requires(CHANGE, FORBIDDEN)
@kept_forms.keeps(EditGroupForm)
def group_edit(request: HttpRequest, pk: int) -> HttpResponse:
    group = get_own_group(pk)
    if request.method != "POST":
        return _page(request, group, kept_forms.shown_again(request, EditGroupForm(instance=group)))
    # The form writes into its own copy; `group` stays what the database holds.
    form = EditGroupForm(request.POST, instance=get_own_group(pk))
    stale = save_edit(request, form, edit_group)
    if stale or form.errors:
        return _page(request, group, form.at_version(stale.version) if stale else form, stale)
    success_messages.add(request, "Saved group {}", named(form.instance), next_step=_next_step(request, group, form))
    return redirect(list_that_led_here(request) or group.get_absolute_url())


def _next_step(request: HttpRequest, before: ServiceEdgeGroup, form: EditGroupForm) -> SafeString | str:
    """For one that was disabled: the keys that now admit nobody."""
    is_stopped = before.enabled and not form.instance.enabled and before.keys.exists()
    if not (is_stopped and request.user.has_perm("keys.view_provisioningkey")):
        return ""
    return success_messages.link("See its blocked keys", f"{reverse('keys:key-list')}?group={before.pk}")


def _page(
    request: HttpRequest, group: ServiceEdgeGroup, form: EditGroupForm, stale: Stale | None = None
) -> HttpResponse:
    context = {
        "group": group,
        "form": form,
        "world": world_map,
        "stale": stale,
        "use": group_use.of(group),
        "origin": list_that_led_here(request),
    }
    return render(request, "keys/group_edit.html", context, status=stale.status if stale else 200)
