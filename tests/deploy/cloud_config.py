"""As much YAML as the user data of docs/edge.md uses, read strictly: whatever else stands there fails.

Mappings, lists of scalars, mappings or `[flow, lists]`, block scalars (`|`), scalars that are plain or in quotes.
"""

from __future__ import annotations

import json
import re
from typing import Any

_ENTRY = re.compile(r"(\w+):(?: (.+))?")


def parse(text: str) -> Any:
    """The document. Every scalar is a string. Raises ValueError."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    document, rest = _node(lines, 0)
    if rest:
        raise ValueError(f"cannot read {rest[0]!r}")
    return document


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _node(lines: list[str], indent: int) -> tuple[Any, list[str]]:
    if lines[0].startswith(" " * indent + "- "):
        return _list(lines, indent)
    return _mapping(lines, indent)


def _list(lines: list[str], indent: int) -> tuple[list[Any], list[str]]:
    items: list[Any] = []
    while lines and lines[0].startswith(" " * indent + "- "):
        first = lines[0][indent + 2 :]
        if _ENTRY.fullmatch(first):
            item, lines = _mapping([" " * (indent + 2) + first, *lines[1:]], indent + 2)
        else:
            item, lines = _scalar(first), lines[1:]
        items.append(item)
    return items, lines


def _mapping(lines: list[str], indent: int) -> tuple[dict[str, Any], list[str]]:
    found: dict[str, Any] = {}
    while lines and _indent(lines[0]) == indent and (entry := _ENTRY.fullmatch(lines[0][indent:])):
        name, value = entry.groups()
        if name in found:
            raise ValueError(f"{name} twice")
        lines = lines[1:]
        if value == "|":
            block = lines[: _length(lines, indent)]
            found[name] = "".join(f"{line[indent + 2 :]}\n" for line in block)
            lines = lines[len(block) :]
        elif value is None:
            found[name], lines = _node(lines, _indent(lines[0]))
        else:
            found[name] = _scalar(value)
    return found, lines


def _length(lines: list[str], indent: int) -> int:
    return next((at for at, line in enumerate(lines) if _indent(line) <= indent), len(lines))


def _scalar(text: str) -> Any:
    if text.startswith("["):
        return [_scalar(word.strip()) for word in text[1:-1].split(",")]
    if text.startswith('"'):
        return json.loads(text)
    # Indicators and comments would mean something else in real YAML.
    if re.search(r"^[&*!|>'%@`{-]|: | #|[\[\]{},]", text) and not text.startswith("--") and not re.match(r"-\w", text):
        raise ValueError(f"not a plain scalar: {text!r}")
    return text
