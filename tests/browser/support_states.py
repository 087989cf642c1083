"""Every page of the support site in its states, derived from the site's own addresses so that none can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.contrib import admin
from django.urls import URLPattern, URLResolver

# Addresses that answer no page of their own; why.
NOT_PAGES = {
    "autocomplete": "JSON for a field of choices",
    "jsi18n": "a script",
    "login": "leads to the portal's sign-in page",
    "logout": "POST, leads to the portal's sign-in page",
    "password_change": "leads to the portal's page of the own password",
    "password_change_done": "leads to the portal's page of the own password",
    "view_on_site": "leads to a page of the portal",
}
# What to look for in each list, so that something is found.
WORDS = {
    "auth_user": "ada", "enrollment_issuedcertificate": "kind full-1", "enrollment_serviceedge": "kind full-1",
    "keys_provisioningkey": "kind", "keys_serviceedgegroup": "london", "keys_signingcertificate": "root",
    "portal_auditevent": "kind full",
}  # fmt: skip


@dataclass(frozen=True)
class Visit:
    """One page in one state. `path` has * where the record's id stands, `record` says which of its kind.

    With `fill` the form is sent with these fields, and the page comes back with its errors.
    """

    name: str
    path: str
    fill: dict[str, str] = field(default_factory=dict)
    record: str = ""

    @property
    def id(self) -> str:
        return " ".join(filter(None, [self.path, self.record, "with errors" if self.fill else ""]))


def names(patterns: list | None = None) -> Iterator[str]:
    """The name of every address of the support site."""
    for pattern in admin.site.get_urls() if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name


def visits() -> list[Visit]:
    """All of them. Raises KeyError for a new kind of address: say here which states it has, or above why none."""
    return [visit for name in sorted(set(names()) - set(NOT_PAGES)) for visit in _of(name)]


def _of(name: str) -> list[Visit]:
    if name in _SINGLE:
        return [Visit(name, f"/admin/{path}", fill, "one" * ("*" in path)) for path, fill in _SINGLE[name]]
    model, _, page = name.rpartition("_")
    return [
        Visit(name, f"/admin/{model.replace('_', '/')}/{path}".replace("WORD", WORDS[model]), fill, record)
        for path, fill, record in _OF_A_MODEL[page]
    ]


_SINGLE: dict[str, list[tuple[str, dict[str, str]]]] = {
    "index": [("", {})],
    "search": [("search/", {}), ("search/?q=kind", {}), ("search/?q=nothing+has+this+name", {})],
    "app_list": [(f"{app}/", {}) for app in ("auth", "enrollment", "keys", "portal")],
    "auth_user_password_change": [
        ("auth/user/*/password/", {}),
        ("auth/user/*/password/", {"password1": "short", "password2": "other"}),
    ],
}
# The record is "one" (ours, in use), "other" (where there is one: the vendor's, or another state).
_OF_A_MODEL: dict[str, list[tuple[str, dict[str, str], str]]] = {
    "changelist": [("", {}, ""), ("?q=WORD", {}, ""), ("?q=nothing+has+this+name&o=1", {}, ""), ("?o=-1.2", {}, "")],
    "add": [("add/", {}, ""), ("add/", {"name": ""}, "")],
    "change": [("*/change/", {}, "one"), ("*/change/", {}, "other"), ("*/change/", {"name": ""}, "one")],
    "delete": [("*/delete/", {}, "one"), ("*/delete/", {}, "other")],
    "history": [("*/history/", {}, "one"), ("*/history/", {}, "other")],
}
