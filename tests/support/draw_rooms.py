"""The diagram of docs/architecture.md, drawn from the imports: `python -m tests.support.draw_rooms` writes it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tests.support.imports import APPS, ROOT, graph

PAGE = ROOT / "docs/architecture.md"
_BLOCK = re.compile(r"(?<=<!-- rooms -->\n).*?(?=<!-- /rooms -->)", re.DOTALL)
# A directory of an app is a room. These modules belong to a room whatever their directory; the others, to `models`.
ROOMS = {
    "keys": ("pages", "operations", "crypto", "machines", "models"),
    "enrollment": ("endpoints", "pages", "verifying", "operations", "pki", "edge", "models"),
    "portal": ("lists", "portal"),
}
_LABELS = {
    "models": "models, look-ups",
    "pki": "pki (pure)",
    "crypto": "crypto (pure)",
    "edge": "edge (its program)",
    "lists": "lists, template tags",
    "portal": "the whole site",
}
_BELONGS_TO = {
    "keys.errors": "keys.crypto",
    "enrollment.errors": "enrollment.pki",
    "portal.templatetags": "portal.lists",
}
# What Django and operators start: they import rooms, and no room imports them.
_ENTRIES = re.compile(
    r"(?:keys|enrollment)\.(?:apps|urls|admin|admin_base|checks|demo|management|templatetags|key_in_address"
    r"|revocation_list_age|trial_certificate)\b|enrollment\.machines$|portal\.quickstart\b"
)


def room_of(module: str) -> str | None:
    """The room of a module, `app.room`. None for what Django or an operator starts."""
    if _ENTRIES.match(module):
        return None
    app, *rest = module.split(".")
    default = "portal" if app == "portal" else "models"
    room = rest[0] if rest and rest[0] in ROOMS[app] else default
    return _BELONGS_TO.get(".".join([app, *rest[:1]])) or f"{app}.{room}"


def rooms() -> dict[str, set[str]]:
    """The rooms that each room imports from."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, imports in graph().items():
        if room := room_of(module):
            found[room] |= {other for each in imports if (other := room_of(each)) and other != room}
    return found


def _below(room: str, arrows: Mapping[str, set[str]]) -> set[str]:
    return set().union(*({each} | _below(each, arrows) for each in arrows.get(room, ())))


def _shown(arrows: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """The arrows without those that a way through other rooms makes too."""
    for room, others in sorted(arrows.items()):
        indirect = set().union(*(_below(other, arrows) for other in others))
        yield from ((room, other) for other in sorted(others - indirect))


def diagram() -> str:
    """The rooms and their arrows as a Mermaid flowchart."""
    lines = ["```mermaid", "flowchart TB"]
    for app in reversed(APPS):
        lines += [
            f"  subgraph {app}",
            *(f'    {app}.{room}["{_LABELS.get(room, room)}"]' for room in ROOMS[app]),
            "  end",
        ]
    lines += [f"  {room} --> {other}" for room, other in _shown(rooms())]
    return "\n".join([*lines, "  enrollment.models -. answers .-> keys.machines", "```", ""])


def drawn() -> str:
    """The page with its diagram as it should be."""
    return _BLOCK.sub(lambda _: diagram(), PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    PAGE.write_text(drawn(), encoding="utf-8")
