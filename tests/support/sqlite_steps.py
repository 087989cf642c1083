"""How much SQLite does for a reading."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

_AT_ONCE = 50


def steps(read: Callable[[], object]) -> int:
    """What SQLite's machine does, which takes a few steps for each row that it reads."""
    taken = [0]

    def count() -> None:
        taken[0] += 1

    connection.connection.set_progress_handler(count, _AT_ONCE)
    try:
        read()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return taken[0] * _AT_ONCE
