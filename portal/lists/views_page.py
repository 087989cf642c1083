"""*Manage views*: save the state of a list under a name, rename and delete what was saved."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from portal import actors, success_messages
from portal.lists import view_operations
from portal.lists.columns_form import named
from portal.lists.listing import List
from portal.models import SavedView
from portal.preferences import cookies
from portal.refusals import Invalid
from portal.row_ids import row_id
from portal.success_messages import link, quoted

SHARE = "portal.share_savedview"
NOT_SHARED = "You can't change shared views. Ask an administrator for the Administrator role."


@require_http_methods(["GET", "HEAD", "POST"])
def saved_views_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show the views; on POST save one, or `rename` or `delete` the one with that id."""
    listed = named(name, request)
    if request.method == "POST":
        try:
            return _do(request, listed)
        except Invalid as refused:
            return _page(request, listed, str(refused))
    return _page(request, listed)


def _do(request: HttpRequest, listed: List) -> HttpResponse:
    for word in ("rename", "delete"):
        if word in request.POST:
            return _change(request, listed, word)
    is_shared = "shared" in request.POST
    _require_share(request, is_shared)
    view = SavedView(
        listed=listed.nouns,
        name=request.POST.get("name", ""),
        owner_id=None if is_shared else request.user.pk,
        query=_query(request, listed),
    )
    view_operations.save_view(view, actor=actors.from_request(request))
    manage = link("Manage views", request.path)
    success_messages.add(request, "Saved view {}", quoted(view.name), next_step=manage)
    return redirect(f"{reverse(listed.address)}?{urlencode({'view': view.slug})}")


def _change(request: HttpRequest, listed: List, word: str) -> HttpResponse:
    wanted = row_id(request.POST[word])
    view = view_operations.visible(listed.nouns, request.user.pk).filter(pk=wanted).first() if wanted else None
    if view is None:
        raise view_operations.Gone("This view was deleted in the meantime.")
    _require_share(request, view.owner_id is None)
    actor, before = actors.from_request(request), view.name
    if word == "delete":
        view_operations.delete_view(view, actor=actor)
        success_messages.add(request, "Deleted view {}", quoted(before))
    else:
        view_operations.rename_view(view, name=request.POST.get("name", ""), actor=actor)
        success_messages.add(request, "Renamed view {} to {}", quoted(before), quoted(view.name))
    return redirect(request.path)


def _query(request: HttpRequest, listed: List) -> str:
    """The state to save: that of the address `where`, with the columns that the user sees there."""
    state = listed.state(QueryDict(request.POST.get("where", "")))
    hidden = listed.hidden(state, cookies.of(request))
    columns = tuple(each for each in listed.table.hideable() if each not in hidden) if hidden else None
    return state.first_page()._replace(all_open=False, columns=columns).query


def _require_share(request: HttpRequest, is_shared: bool) -> None:
    if is_shared and not request.user.has_perm(SHARE):
        raise PermissionDenied(NOT_SHARED)


def _page(request: HttpRequest, listed: List, mistake: str = "") -> HttpResponse:
    may_share = request.user.has_perm(SHARE)
    given = request.POST if mistake else request.GET
    renamed = row_id(request.POST.get("rename", "")) if mistake else None
    rows = [
        {
            "view": view,
            "link": f"{reverse(listed.address)}?{urlencode({'view': view.slug})}",
            "may_change": may_share or view.owner_id is not None,
            "chips": listed.filters(listed.state(QueryDict(view.query)), listed.rows()).chips,
            "mistake": mistake if view.pk == renamed else "",
            "name": given.get("name", "") if view.pk == renamed else view.name,
        }
        for view in view_operations.visible(listed.nouns, request.user.pk)
    ]
    context = {
        "listed": listed,
        "rows": rows,
        "may_share": may_share,
        "mistake": mistake,
        "at_new": mistake and renamed is None,
        "wrong_field": f"name-{renamed}" if renamed else "id_name",
        "given": given,
        "back": reverse(listed.address),
    }
    return render(request, "lists/views.html", context)
