"""What every request gets from its preferences: they themselves, and the time zone it is answered in."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.preferences import cookies


class PreferencesMiddleware:
    """Reads the cookies into `request.preferences`, answers in the zone they say, and sends the cookie that changed.

    The zone ends with the answer: a response that streams is written afterwards, and in UTC.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = cookies.read(request.COOKIES)
        request.preferences = chosen  # type: ignore[attr-defined]  # HttpRequest is open by design
        with timezone.override(cookies.zone_of(chosen, request.COOKIES)):
            response = self.get_response(request)
        cookies.settle(request, response)
        return response
