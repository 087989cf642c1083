"""The context of every template: names, the menu with its shortcuts, and the user's role and preferences."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal import roles
from portal.menu import ADMINISTRATION, MENU, places
from portal.preferences import cookies
from portal.preferences.values import Theme


def site(request: HttpRequest) -> dict[str, Any]:
    """The context processor. Only a template that shows the menu asks for permissions."""
    menu = SimpleLazyObject(lambda: list(places(MENU, request)))
    administration = SimpleLazyObject(lambda: list(places(ADMINISTRATION, request)))
    return {
        "vendor_name": settings.VENDOR_NAME,
        "menu": menu,
        "administration": administration,
        "places": lambda: [*menu, *administration],
        "organization": settings.ORGANIZATION or urlsplit(settings.PORTAL_URL).hostname,
        "role": lambda: roles.described(request.user),
        "themes": Theme.choices,
        "preferences": cookies.of(request),
        "zone_cookie": cookies.zone_to_ask_for(request),
    }
