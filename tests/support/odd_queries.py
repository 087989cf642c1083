"""Query strings that nobody types by accident, for every page that reads its address. None is random."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from urllib.parse import quote

# Percent signs are sent as they stand, so that bytes which are no text arrive as such.
VALUES = (
    "", "%00", "a%00b", "%0d%0aSet-Cookie:x", "-1", "0", "-3", "99999", "abc", "1e6", "1.5", "٣", "²", "9" * 30,
    "9" * 400, "a" * 5000, "%FF%FE", "%ED%A0%80", "%25", "%u0000", "'; DROP TABLE x--", "\" OR \"\"=\"", "[]", "{}",
    "<script>alert(1)</script>", "\"*\" OR", "NEAR(a b)", "9999-12-31", "0001-01-01", "0000-00-00", "full", "yes",
    "all", "WzEsMl0", "WyJhXHUwMDAwIiwxXQ", "e30", "%C4%B0" * 200, "ﷺ" * 200, "group__name", "-name", "--name", "None",
    "null", "\\", "*", "//evil.example", "javascript:alert(1)",
)  # fmt: skip
# Of the list pages, whichever they have; an unknown one and one without a name.
PARAMETERS = (
    "q", "usage", "group", "cert", "visible", "managed", "enabled", "status", "state", "type", "action", "actor",
    "interface", "outcome", "created_after", "created_before", "from", "to", "sort", "page", "per_page", "after",
    "before", "expand", "collapse", "view", "back", "next", "x", "",
)  # fmt: skip


def each_alone(value: str, parameters: Sequence[str] = PARAMETERS) -> Iterator[str]:
    """A query string for each parameter, with that value."""
    return (f"{name}={quote(value, safe='%')}" for name in parameters)


def queries(count: int, parameters: Sequence[str] = PARAMETERS) -> Iterator[str]:
    """Query strings of one to six pairs; the same at every call."""
    chance = random.Random(7)
    for _ in range(count):
        pairs = [(chance.choice(parameters), chance.choice(VALUES)) for _ in range(chance.randint(1, 6))]
        yield "&".join(f"{name}={quote(value, safe='%')}" for name, value in pairs)
