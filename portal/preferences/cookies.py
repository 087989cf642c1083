"""Two cookies: the user's preferences, and the browser's time zone.

Pages read them instead of the database. Their content is untrusted: it grants nothing, and an invalid cookie counts as
none. Views call `keep` and `drop` for the first one; the middleware then sends it.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.preferences.values import COLUMNS, LONGEST_COLUMNS, Preferences, known

_PARTS = 4
_LONGEST = 128 + LONGEST_COLUMNS
_AGE = 365 * 24 * 60 * 60


def cookie_value(chosen: Preferences) -> str:
    """The value of the cookie: words joined by dots, such as `dark.compact.on.Europe/Berlin`.

    A fifth one is the hidden columns, if there are any.
    """
    words = [chosen.theme, chosen.density, "on" if chosen.shortcuts else "off", chosen.time_zone]
    return ".".join([*words, chosen.hidden_columns.replace(" ", "+")] if chosen.hidden_columns else words)


def read(cookies: Mapping[str, str]) -> Preferences:
    """The preferences a browser sent."""
    text = cookies.get(settings.PREFERENCES_COOKIE_NAME, "")
    parts = text.split(".") if len(text) <= _LONGEST else []
    if len(parts) == _PARTS + 1:
        parts[-1] = parts[-1].replace("+", " ")
        return known(*parts) if COLUMNS.fullmatch(parts[-1]) else Preferences()
    return known(*parts) if len(parts) == _PARTS else Preferences()


def of(request: HttpRequest) -> Preferences:
    """The preferences of a request; the defaults when the middleware has not read them, as in early errors."""
    return getattr(request, "preferences", None) or Preferences()


def keep(request: HttpRequest, chosen: Preferences) -> None:
    """Make the response to this request set the cookie."""
    request.pending_preferences = chosen  # type: ignore[attr-defined]  # HttpRequest is open by design


def drop(request: HttpRequest) -> None:
    """Make the response to this request delete the cookie."""
    request.pending_preferences = None  # type: ignore[attr-defined]


def send(request: HttpRequest, response: HttpResponse) -> None:
    """Set or delete the cookie as `keep` or `drop` asked."""
    if not hasattr(request, "pending_preferences"):
        return
    name, chosen, secure = settings.PREFERENCES_COOKIE_NAME, request.pending_preferences, settings.SESSION_COOKIE_SECURE
    if chosen is None:
        response.delete_cookie(name, samesite="Lax")
    else:
        response.set_cookie(name, cookie_value(chosen), max_age=_AGE, secure=secure, httponly=True, samesite="Lax")


def zone_to_ask_for(request: HttpRequest) -> str:
    """The name of the cookie in which the page's script stores the browser's zone; "" when it is not needed.

    The sign-in page always stores it, because people travel.
    """
    match = getattr(request, "resolver_match", None)
    is_sign_in = match is not None and match.url_name == "login"
    has_zone = of(request).time_zone or settings.ZONE_COOKIE_NAME in request.COOKIES
    return settings.ZONE_COOKIE_NAME if is_sign_in or not has_zone else ""
