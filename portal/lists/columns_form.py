"""*Columns*: which columns of a list a user sees, kept with the account."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.lists.listing import LISTS, List
from portal.preferences import cookies, operations


def named(name: str, request: HttpRequest) -> List:
    """The list with this name in addresses. Raises Http404, or PermissionDenied for who may not see it."""
    found = next((each for each in LISTS if each.nouns == name), None)
    if found is None:
        raise Http404
    found.require_permission(request)
    request.list_address = reverse(found.address)  # type: ignore[attr-defined]  # HttpRequest is open by design
    return found


@require_POST
def choose_columns(request: HttpRequest, name: str) -> HttpResponse:
    """Show the columns that `column` names, and lead back to the state of the list in `where`."""
    listed = named(name, request)
    shown = request.POST.getlist("column")
    hidden = [column for column in listed.table.hideable() if column not in shown]
    cookies.keep(request, operations.hide_columns(request.user.pk, listed.nouns, hidden))
    state = listed.state(QueryDict(request.POST.get("where", "")))
    return HttpResponseRedirect(reverse(listed.address) + state._replace(columns=None).link)
