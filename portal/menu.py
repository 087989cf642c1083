"""The menu: its entries, who sees them, and how many records of a list need care."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.http import HttpRequest

from portal import record_addresses
from portal.tones import Tone


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A page in the menu; `label` is also the name of its list. Its keyboard shortcut is `g`, then `key`.

    Without `permission` every user sees it.
    """

    label: str
    url_name: str
    icon: str
    permission: str = ""
    key: str = ""


# FIRST stands above all sections. MENU is the section Infrastructure / Private Access / Component, ADMINISTRATION the
# section Administration.
FIRST = (MenuEntry("Dashboard", "home", "layout-dashboard", key="d"),)
MENU = (
    MenuEntry("Service Edges", "enrollment:edge-list", "waypoints", "enrollment.view_serviceedge", "e"),
    MenuEntry("Service Edge Groups", "keys:group-list", "map-pin", "keys.view_serviceedgegroup", "r"),
    MenuEntry("Service Edge Keys", "keys:key-list", "key-round", "keys.view_provisioningkey", "k"),
    MenuEntry("Enrollment Certificates", "keys:certificate-list", "shield-check", "keys.view_signingcertificate", "c"),
)
ADMINISTRATION = (
    MenuEntry("Audit log", "enrollment:audit-log", "scroll-text", "portal.view_auditevent", "a"),
    MenuEntry("Users", "admin:auth_user_changelist", "users", "auth.view_user", "u"),
    MenuEntry("Preferences", "preferences", "sliders-horizontal", key="p"),
)


class Alert(NamedTuple):
    """How many rows of a list need care, such as "3 disconnected", the query string that lists them, and their tone."""

    number: int
    words: str
    query: str
    tone: Tone


Alerts = Callable[[Sequence[str]], Mapping[str, Alert]]
_registered: list[Alerts] = []


def register(alerts: Alerts) -> None:
    """Register what counts: a function of the names of lists. `portal.lists.alerts` does, because it imports this."""
    _registered[:] = [alerts]


class Place(NamedTuple):
    """An entry as one request shows it; `alert` is None where nothing needs care."""

    entry: MenuEntry
    address: str
    is_current: bool
    alert: Alert | None


def places(entries: Sequence[MenuEntry], request: HttpRequest) -> Iterator[Place]:
    """The entries that the user may see, those of lists with what needs care.

    A page beside a list, such as *Manage views*, sets `list_address` on its request: its list is the current entry.
    """
    allowed = [each for each in entries if not each.permission or request.user.has_perm(each.permission)]
    page = getattr(request, "list_address", request.path)
    names = [each.label for each in allowed]
    alerts = {name: alert for counted in _registered for name, alert in counted(names).items() if alert.number}
    for entry in allowed:
        address = record_addresses.page(entry.url_name)
        is_current = page.startswith(address) if entry not in FIRST else page == address
        yield Place(entry, address, is_current, alerts.get(entry.label))
