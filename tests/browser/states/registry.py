"""What a state is, and the list of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.world import World

# Addresses that answer no page of their own; why.
NOT_PAGES = {
    "logout": "POST, leads to the sign-in page",
    "healthz": "text for machines",
    "readyz": "text for machines",
    "metrics": "text for machines",
    "keys:key-reveal": "POST, the text of a key; refusals are error pages",
    "keys:key-limit": "POST, leads back to the key's page, which shows a refused number",
    "keys:group-names": "JSON for fields that suggest",
    "keys:key-names": "JSON for fields that suggest",
    "keys:certificate-pem": "a file",
    "keys:certificate-csr": "a file",
    "keys:key-download": "POST, a file; refusals are error pages",
    "list-columns": "POST, leads back to the list",
    "session-left": "JSON for the script that warns before a session ends",
    "preferences-density": "POST, leads back to the list",
    "preferences-theme": "POST, leads back to the page",
    "enrollment:edge-enable": "POST, leads to the edge's page",
    "enrollment:edge-disable": "POST, leads to the edge's page",
    "enrollment:download": "a file",
    "enrollment:edge-add": "leads to the first step",
    "enrollment:edge-add-enrolled": "JSON for the page that waits for edges",
    "enrollment:enroll": "JSON for machines",
    "enrollment:renew": "JSON for machines",
    "enrollment:heartbeat": "JSON for machines",
    "enrollment:est-cacerts": "certificates for machines",
    "enrollment:est-csrattrs": "attributes for machines",
    "enrollment:est-simpleenroll": "EST for machines",
    "enrollment:est-simplereenroll": "EST for machines",
    "enrollment:revocation-list": "a list for machines",
    "enrollment:issuer-certificate": "a certificate for machines",
}


@dataclass(frozen=True)
class State:
    """A page in one state. `at` is the name of its address; an error page has none."""

    name: str
    at: str
    reach: Callable[[Page, World], None]
    who: str = "admin"
    narrow: bool = False


STATES: list[State] = []


def state(name: str, at: str = "", *, who: str = "admin", narrow: bool = False) -> Callable:
    """Registers a function that brings a page into the state; `narrow` states exist only on a phone."""

    def register(reach: Callable[[Page, World], None]) -> Callable[[Page, World], None]:
        STATES.append(State(name, at, reach, who, narrow))
        return reach

    return register


def visit(name: str, at: str, path: str | Callable[[World], str], who: str = "admin") -> None:
    """Registers a state that its address alone brings about."""
    state(name, at, who=who)(lambda page, world: page.goto(path if isinstance(path, str) else path(world)) and None)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()
