"""The context of every template: names, the menu with its shortcuts, and the user's role and preferences."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from portal import roles, sessions
from portal.menu import ADMINISTRATION, FIRST, MENU, places
from portal.preferences import cookies
from portal.preferences.values import Theme

_THEMES = tuple(Theme.choices)


def site(request: HttpRequest) -> dict[str, Any]:
    """The context processor. Only a template that shows the menu asks for permissions."""
    # Functions, because a lazy object would keep the request wherever a part of the frame is kept.
    first = functools.cache(lambda: tuple(places(FIRST, request)))
    menu = functools.cache(lambda: tuple(places(MENU, request)))
    administration = functools.cache(lambda: tuple(places(ADMINISTRATION, request)))
    return {
        "vendor_name": settings.VENDOR_NAME,
        "first": first,
        "menu": menu,
        "administration": administration,
        "in_administration": lambda: any(place.is_current for place in administration()),
        "places": lambda: (*first(), *menu(), *administration()),
        "organization": settings.ORGANIZATION or urlsplit(settings.PORTAL_URL).hostname,
        "password_again": settings.PASSWORD_AGAIN_MINUTES,
        "session_left": lambda: sessions.of(request).left().seconds,
        "role": lambda: roles.described(request.user),
        "themes": _THEMES,
        "preferences": cookies.of(request),
        "zone_cookie": cookies.zone_to_ask_for(request),
    }
