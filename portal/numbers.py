"""Sentences about one thing or several: the words that differ are written beside each other."""

from __future__ import annotations

import re

_EITHER = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")


def numbered(sentence: str, count: int) -> str:
    """A sentence with the words for this many: of `{This key is|These keys are} deleted` the first for one."""
    return _EITHER.sub(lambda found: found[1 if count == 1 else 2], sentence)


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 key`, `1,234 keys`."""
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"
