"""Ids of rows in a text: an address, a form field, a command's argument."""

from __future__ import annotations

LARGEST = 2**63 - 1


def row_id(text: str) -> int | None:
    """The id that a text holds, such as 12; None where no row can have it."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        return None
    number = int(text)
    return number if number <= LARGEST else None
