"""What every template may use: the vendor's name and the main menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A page in the menu under Infrastructure / Private Access / Component."""

    label: str
    url_name: str
    prefix: str
    permission: str


MENU = (
    MenuEntry("Service Edge Keys", "keys:key-list", "/service-edge-keys/", "keys.view_provisioningkey"),
    MenuEntry(
        "Enrollment Certificates", "keys:certificate-list", "/enrollment-certificates/", "keys.view_signingcertificate"
    ),
)


def site(request: HttpRequest) -> dict[str, Any]:
    """Context of each page; a menu entry comes with whether the page lies below it."""
    menu = [(entry, request.path.startswith(entry.prefix)) for entry in MENU]
    return {"vendor_name": settings.VENDOR_NAME, "menu": menu}
