"""Service Edge Keys: the page everybody lives on."""

from __future__ import annotations

from itertools import chain

from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from keys import filters, list_state, rows
from keys.list_state import ListState
from keys.models import ProvisioningKey
from keys.paging import paginate
from keys.row_forms import ROWS, render_rows, split_at_rows
from keys.rows import May
from keys.tables import KEY_ORDERS, KEY_SORTS, KeyTable, heads
from keys.views.access import requires

NOT_ALLOWED = "You can't view provisioning keys. Ask an administrator for the Viewer role."


def read_state(query: QueryDict) -> ListState:
    """The state of the list that a query string asks for."""
    return list_state.read(
        query, sortable=KEY_ORDERS, default_sort="name", filters=filters.NAMES, repeatable=filters.REPEATABLE
    )


@require_safe
@requires("keys.view_provisioningkey", NOT_ALLOWED)
def key_list(request: HttpRequest) -> HttpResponse:
    state = read_state(request.GET)
    filtering = filters.read(state)
    keys = ProvisioningKey.objects.all()
    page = paginate(keys, KEY_ORDERS[state.column], state, filtering.keys, rows.read_all)
    may = May.of(request.user)
    context = {
        "state": state,
        "filtering": filtering,
        "page": page,
        "noun": "key",
        "closed_pairs": list(state.opened(everything=False).pairs()),
        "rows": ROWS if page.rows else "",
        "heads": heads(KeyTable, state),
        "sorts": [(label, state.sorted_by(sort).link, sort == state.sort) for sort, label in KEY_SORTS],
        "sort_label": dict(KEY_SORTS)[state.sort],
        "may": may,
    }
    before, behind = split_at_rows(render_to_string("keys/key_list.html", context, request))
    # Put in last: what templates nest is copied once for each level, and the rows are most of a page.
    return HttpResponse(chain([before], render_rows(page.rows, may, state.is_open), [behind]))
