"""Headers that hold lists of `name=value` pairs: `Forwarded` (RFC 7239 §4), Envoy's `X-Forwarded-Client-Cert`."""

from __future__ import annotations

import re

# Pairs are separated by ";" and elements by ","; a quoted value may contain both.
_PAIR = re.compile(
    r"""
    [ \t]*(?P<name>[A-Za-z0-9!\#$%&'*+.^_`|~-]+)
    =(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^",;\\\s]*))
    [ \t]*(?P<end>[;,]|\Z)
    """,
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)")


def parse(header: str) -> list[list[tuple[str, str]]]:
    """The pairs of each element; names in lower case, values without quotes. Raises ValueError for any syntax error.

    Nothing is skipped: otherwise text that a client wrote could hide what the proxy appended to it.
    """
    elements: list[list[tuple[str, str]]] = [[]]
    at = 0
    while at < len(header):
        pair = _PAIR.match(header, at)
        if pair is None:
            raise ValueError("not a list of name=value pairs")
        value = pair["plain"] if pair["quoted"] is None else _ESCAPED.sub(r"\1", pair["quoted"])
        elements[-1].append((pair["name"].lower(), value))
        if pair["end"] == ",":
            elements.append([])
        at = pair.end()
    return elements
