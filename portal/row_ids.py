"""Parsing ids of rows from URLs, form fields and command arguments."""

from __future__ import annotations

LARGEST = 2**63 - 1


def row_id(text: str) -> int | None:
    """The id in `text`, such as 12; None when `text` is no whole number or larger than any id."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        return None
    number = int(text)
    return number if number <= LARGEST else None
