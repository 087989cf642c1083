"""The pages of lists that the benchmark asks for: each list's first page, deep pages, and each of its filters.

Words in braces are those of `filling.terms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

# The segments, the menu and the dashboard are counted, which else happens once in five seconds.
COUNTED = ", counted"
DEEP, FIRST = "deep", "first page"
_STATES = (
    "ready", "nearly-used-up", "at-limit", "disabled", "expired", "blocked-group-disabled",
    "blocked-certificate-disabled", "blocked-certificate-expired", "different-root",
)  # fmt: skip


def _list(name: str, address: str, deep: str, filters: Mapping[str, str]) -> dict[str, str]:
    return {
        f"{name}, {FIRST}": address,
        f"{name}, {FIRST}{COUNTED}": address,
        f"{name}, {DEEP}": f"{address}&{deep}",
        f"{name}, middle": f"{address}&after={{after_{name}}}",
        **{f"{name}, {words}": f"{address}&{query}" for words, query in filters.items()},
    }


LISTS = {
    **_list(
        "keys",
        "/service-edge-keys/?per_page=100",
        "page=100",
        {
            "used up": "usage=full",
            "nearly used up": "usage=high",
            "unused": "usage=unused",
            "unused, by use": "usage=unused&sort=-uses",
            "uses left": "usage=free",
            **{f"state {state}": f"state={state}" for state in _STATES},
            "state ready, by use": "state=ready&sort=uses",
            "group": "group={group}",
            "certificate": "cert={cert}",
            "hidden": "visible=no",
            "disabled": "enabled=no",
            "enabled": "enabled=yes",
            "created from": "created_after={day}",
            "created until": "created_before={day}",
            "disabled in a group": "enabled=no&group={group}",
            "contains": "q={part}",
            "contains, by use": "q={part}&sort=-uses",
            "contains, nothing found": "q=qqqqqq",
            "end of a key": "q={tail}",
            "edge name": "q={edge}",
            "request id": "q={request}",
        },
    ),
    **_list(
        "edges",
        "/service-edges/?per_page=100",
        "page=90",
        {
            "connected": "connection=connected",
            "disconnected": "connection=disconnected",
            "never connected": "connection=never",
            "enabled": "status=enabled",
            "disabled": "status=disabled",
            "revoked": "status=revoked",
            "revoked, by name": "status=revoked&sort=name",
            "expired": "expires=expired",
            "expiring in 7 days": "expires=7",
            "expiring in 30 days": "expires=30",
            "renewal overdue": "expires=overdue",
            "group": "group={group}",
            "key": "key={key}",
            "certificate": "cert={cert}",
            "version": "version=25.1.3",
            "searched": "q={edge}",
            "disconnected in a group": "connection=disconnected&group={group}",
            "revoked in a group": "status=revoked&group={group}",
        },
    ),
    **_list(
        "groups",
        "/service-edge-groups/?per_page=50",
        "page=2",
        {
            "disconnected": "edges=disconnected",
            "no edges": "edges=none",
            "enabled": "enabled=yes",
            "disabled": "enabled=no",
            "in use": "use=used",
            "not used": "use=unused",
            "version profile": "profile=2",
            "country": "country=DE",
            "area": "area=0,-60,60,60",
            "searched": "q=berlin",
            "next update first": "sort=update",
        },
    ),
    **_list(
        "certificates",
        "/enrollment-certificates/?per_page=25",
        "page=2",
        {
            "ready": "state=signs",
            "disabled": "state=disabled",
            "expired": "state=expired",
            "expiring": "expiry=soon",
            "searched": "q=region",
            "by expiry": "sort=-expires",
        },
    ),
    **_list(
        "events",
        "/audit-log/?per_page=50",
        "page=100",
        {
            "30 days": "time=30d",
            "a user": "who=user7",
            "an action": "action=key.copied",
            "a resource type": "type=key",
            "a resource": "resource=key:7",
            "refused": "result=refused",
            "succeeded": "result=success",
            "an interface": "interface=portal",
            "an address": "address=10.1.7.7",
            "searched": "q=user7",
            "a user, 30 days": "who=user7&time=30d",
            "an action of a user": "action=key.copied&who=user7",
            "refused in 30 days by machines": "result=refused&time=30d&interface=enrollment",
        },
    ),
}
DASHBOARD = {"dashboard": "/", f"dashboard{COUNTED}": "/"}
EXPORTS = {
    name: f"/{address}/?format=csv"
    for name, address in {"keys": "service-edge-keys", "edges": "service-edges", "events": "audit-log"}.items()
}


# Pages that search names for a part, of which SQLite reads five times as many of a large list.
SEARCHES = {f"keys, {words}" for words in ("contains", "contains, by use", "contains, nothing found", "edge name")}
SEARCHES |= {"edges, searched", "events, searched"}

# Parameters that do not narrow a list.
_NOT_FILTERS = {"per_page", "page", "after", "sort"}


def unfiltered(name: str) -> str:
    """The page that has the same rows when the filter of this one is ignored; "" for a page without a filter."""
    is_filtered = parse_qs(urlsplit(LISTS.get(name, "")).query).keys() - _NOT_FILTERS
    return f"{name.partition(', ')[0]}, {FIRST}" if is_filtered else ""
