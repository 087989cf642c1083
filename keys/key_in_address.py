"""Removes a key text that somebody pasted into a search from the address, so that no page or log keeps it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import escape_leading_slashes

from keys.crypto import tokens
from portal import actors

_MESSAGE = 'That was the text of a key. It is a secret: search by its public id instead, <a href="{0}?q={1}">{1}</a>.'


class KeyInAddressMiddleware:
    """Redirects a page with a key text in its query to the same page without it, with a message what to search for.

    The part of a key text that pages show, up to the end of the public id, is no secret and is not removed. This
    middleware comes after that of the messages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The query string is checked first because that costs nothing, and requests of edges have none.
        if not request.META.get("QUERY_STRING") or request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        with_key = [name for name, values in request.GET.lists() if tokens.is_secret(f"{name} {' '.join(values)}")]
        return self._without(request, with_key) if with_key else self.get_response(request)

    @staticmethod
    def _without(request: HttpRequest, parameters: list[str]) -> HttpResponse:
        """Redirect to the same page without these parameters. The message is for users who are signed in."""
        kept = request.GET.copy()
        public_id = next(tokens.public_id_in(f"{name} {' '.join(kept.getlist(name))}") for name in parameters)
        for name in parameters:
            del kept[name]
        if request.user.is_authenticated:
            # Each support page finds what belongs to a key; of the portal's lists, that of the keys does.
            found_at = "" if actors.interface_of(request) == "support" else reverse("keys:key-list")
            messages.warning(request, format_html(_MESSAGE, found_at, public_id))
        # Browsers take what follows two slashes at the beginning of a path for the name of a site.
        path = escape_leading_slashes(request.path)
        return redirect(f"{path}?{kept.urlencode()}" if kept else path)
