"""What every template may use: the vendor's name, the menu, its shortcuts, and how the page is to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from portal.preferences import cookies


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A page in the menu. `key` leads there after `g`; without `permission` it is everybody's."""

    label: str
    url_name: str
    permission: str = ""
    key: str = ""


# The first list stands under Infrastructure / Private Access / Component, the second under Administration.
MENU = (
    MenuEntry("Service Edges", "enrollment:edge-list", "enrollment.view_serviceedge", "e"),
    MenuEntry("Service Edge Keys", "keys:key-list", "keys.view_provisioningkey", "k"),
    MenuEntry("Enrollment Certificates", "keys:certificate-list", "keys.view_signingcertificate", "c"),
)
ADMINISTRATION = (MenuEntry("Preferences", "preferences", key="p"),)


def _placed(entries: tuple[MenuEntry, ...], request: HttpRequest) -> list[tuple[MenuEntry, bool]]:
    return [(entry, request.path.startswith(reverse(entry.url_name))) for entry in entries]


def site(request: HttpRequest) -> dict[str, Any]:
    """Context of each page; a menu entry comes with whether the page lies below it. Costs no query."""
    menu, administration = _placed(MENU, request), _placed(ADMINISTRATION, request)
    return {
        "vendor_name": settings.VENDOR_NAME,
        # What machines are to be given, which need not be the address of this request.
        "portal_url": settings.PORTAL_URL,
        "menu": menu,
        "administration": administration,
        "places": [*menu, *administration],
        "preferences": cookies.of(request),
        "zone_cookie": cookies.zone_to_ask_for(request),
    }
