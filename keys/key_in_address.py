"""A key text that somebody pasted where a search belongs: it must not stay in the address, the page or a log."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.http import escape_leading_slashes

from keys.crypto import tokens

_SAID = 'That was the text of a key. It is a secret: search by its public id instead, <a href="?q={0}">{0}</a>.'


class KeyInAddressMiddleware:
    """Leads a page with a key text in its query to the same page without it, which says what to search for instead.

    What pages show of a key, up to the end of its public id, is no secret and passes. Comes after the messages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The first question costs nothing; enrolling has no query at all.
        if not request.META.get("QUERY_STRING") or request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        astray = [name for name, values in request.GET.lists() if tokens.is_secret(f"{name} {' '.join(values)}")]
        return self._lead_away(request, astray) if astray else self.get_response(request)

    @staticmethod
    def _lead_away(request: HttpRequest, astray: list[str]) -> HttpResponse:
        """To the same page; "q" asks for the public id instead when somebody is there to read why."""
        kept = request.GET.copy()
        public_id = next(tokens.public_id_in(f"{name} {' '.join(kept.getlist(name))}") for name in astray)
        for name in astray:
            del kept[name]
        if request.user.is_authenticated:
            messages.warning(request, format_html(_SAID, public_id))
        # A path may begin with two slashes, behind which browsers see the name of a site.
        path = escape_leading_slashes(request.path)
        return redirect(f"{path}?{kept.urlencode()}" if kept else path)
