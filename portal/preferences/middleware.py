"""Middleware that applies the user's preferences to each request."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal import zones
from portal.preferences import cookies


class PreferencesMiddleware:
    """Sets `request.preferences` and the current time zone from the cookies, and sends a changed cookie.

    The zone applies until the view returns. A streaming response is written later, in UTC.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = cookies.read(request.COOKIES)
        request.preferences = chosen  # type: ignore[attr-defined]  # HttpRequest is open by design
        of_browser = request.COOKIES.get(settings.ZONE_COOKIE_NAME, "")
        with timezone.override(zones.shown(chosen.time_zone, of_browser)):
            response = self.get_response(request)
        cookies.send(request, response)
        return response
