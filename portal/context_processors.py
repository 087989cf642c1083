"""The context of every template: the vendor's name, the menu with its shortcuts, and the user's preferences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from portal.preferences import cookies


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A page in the menu. Its keyboard shortcut is `g`, then `key`. Without `permission` every user sees it."""

    label: str
    url_name: str
    permission: str = ""
    key: str = ""


# MENU is the section Infrastructure / Private Access / Component, ADMINISTRATION the section Administration.
MENU = (
    MenuEntry("Service Edges", "enrollment:edge-list", "enrollment.view_serviceedge", "e"),
    MenuEntry("Service Edge Keys", "keys:key-list", "keys.view_provisioningkey", "k"),
    MenuEntry("Enrollment Certificates", "keys:certificate-list", "keys.view_signingcertificate", "c"),
)
ADMINISTRATION = (MenuEntry("Preferences", "preferences", key="p"),)


def _allowed(entries: Iterable[MenuEntry], request: HttpRequest) -> Iterator[tuple[MenuEntry, str, bool]]:
    """The entries that the user may see, each with its address and whether the request is for a page below it."""
    for entry in entries:
        if not entry.permission or request.user.has_perm(entry.permission):
            address = reverse(entry.url_name)
            yield entry, address, request.path.startswith(address)


def site(request: HttpRequest) -> dict[str, Any]:
    """The context processor. Only a template that shows the menu asks for permissions."""
    menu = SimpleLazyObject(lambda: list(_allowed(MENU, request)))
    administration = SimpleLazyObject(lambda: list(_allowed(ADMINISTRATION, request)))
    return {
        "vendor_name": settings.VENDOR_NAME,
        "menu": menu,
        "administration": administration,
        "places": lambda: [*menu, *administration],
        "preferences": cookies.of(request),
        "zone_cookie": cookies.zone_to_ask_for(request),
    }
