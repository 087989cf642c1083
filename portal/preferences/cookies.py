"""The two cookies of the look: the account's preferences, and the zone the browser says it is in.

Pages read these and not the database. Both are anybody's text: they grant nothing, and rubbish is as good as none.
The first is written where it changes (`keep`, `drop`) and sent by the middleware.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal import zones
from portal.preferences.values import Preferences, known

_PARTS = 4
_LONGEST = 128
_AGE = 365 * 24 * 60 * 60


def written(chosen: Preferences) -> str:
    """The value of the cookie: four words with dots between them, such as `dark.compact.on.Europe/Berlin`."""
    return ".".join([chosen.theme, chosen.density, "on" if chosen.shortcuts else "off", chosen.time_zone])


def read(cookies: Mapping[str, str]) -> Preferences:
    """The preferences a browser sent."""
    text = cookies.get(settings.PREFERENCES_COOKIE_NAME, "")
    parts = text.split(".") if len(text) <= _LONGEST else []
    return known(*parts) if len(parts) == _PARTS else Preferences()


def zone_of(chosen: Preferences, cookies: Mapping[str, str]) -> tzinfo:
    """The zone to show times in: the chosen one, else the browser's, else UTC."""
    said = chosen.time_zone or cookies.get(settings.ZONE_COOKIE_NAME, "")[: zones.LONGEST_NAME + 1]
    return zones.find(said) or UTC


def of(request: HttpRequest) -> Preferences:
    """The preferences a request came with; the defaults where it never got as far as being read."""
    return getattr(request, "preferences", None) or Preferences()


def keep(request: HttpRequest, chosen: Preferences) -> None:
    """Let the answer to this request set the cookie."""
    request.pending_preferences = chosen  # type: ignore[attr-defined]  # HttpRequest is open by design


def drop(request: HttpRequest) -> None:
    """Let the answer to this request remove the cookie."""
    request.pending_preferences = None  # type: ignore[attr-defined]


def settle(request: HttpRequest, response: HttpResponse) -> None:
    """Send what `keep` or `drop` asked for."""
    if not hasattr(request, "pending_preferences"):
        return
    name, chosen, secure = settings.PREFERENCES_COOKIE_NAME, request.pending_preferences, settings.SESSION_COOKIE_SECURE
    if chosen is None:
        response.delete_cookie(name, samesite="Lax")
    else:
        response.set_cookie(name, written(chosen), max_age=_AGE, secure=secure, httponly=True, samesite="Lax")


def zone_to_ask_for(request: HttpRequest) -> str:
    """The name of the cookie in which the page has to write the browser's zone; "" when there is no need.

    The page of signing in always does, because people travel.
    """
    match = getattr(request, "resolver_match", None)
    is_sign_in = match is not None and match.url_name == "login"
    has_zone = of(request).time_zone or settings.ZONE_COOKIE_NAME in request.COOKIES
    return settings.ZONE_COOKIE_NAME if is_sign_in or not has_zone else ""
