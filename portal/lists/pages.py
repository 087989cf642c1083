"""The view of a list: who may see it, and what the one address answers beside the page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.access import requires
from portal.database import TooSlow
from portal.error_pages import render_error
from portal.lists import view_operations
from portal.lists.exporting import export
from portal.lists.listing import List, OpenList

Page = Callable[[HttpRequest, OpenList], HttpResponseBase]


def list_page(listed: List) -> Callable[[Page], Callable[[HttpRequest], HttpResponseBase]]:
    """A decorator of the view that prints the page. `?view=` is a saved state, in which other parameters win.

    With `?format=csv` the address answers a download instead.

    A download would hide what is wrong with a filter or takes too long, so such an address answers the page.
    """

    def decorate(view: Page) -> Callable[[HttpRequest], HttpResponseBase]:
        @require_safe
        @requires(listed.permission, listed.not_allowed)
        @wraps(view)
        def answer(request: HttpRequest) -> HttpResponseBase:
            if slug := request.GET.get("view"):
                saved = view_operations.find(listed.nouns, request.user.pk, slug)
                if saved is None:
                    sentence = "This view does not exist, or it is somebody else's."
                    return render_error(request, 404, sentence, (f"All {listed.nouns}", reverse(listed.address)))
                request.GET = view_operations.merged(saved, request.GET)  # type: ignore[assignment]  # nothing changes it any more
                request.current_view = saved.name  # type: ignore[attr-defined]  # HttpRequest is open by design
            if request.GET.get("format") == "csv":
                state = listed.state(request.GET)
                filters = listed.filters(state, listed.rows(), everything=True)
                if not filters.mistakes:
                    # The page explains what to do about rows that take too long.
                    with suppress(TooSlow):
                        return export(listed, request, state, filters)
            return view(request, listed.open(request))

        return answer

    return decorate
