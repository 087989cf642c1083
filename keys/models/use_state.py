"""How far a key is used."""

from __future__ import annotations

from django.db import models


class UseState(models.TextChoices):
    """How far a key is used. `high` is four fifths of the limit or more, `full` all of it."""

    UNUSED = "unused", "Never used"
    FREE = "free", "Has uses left"
    HIGH = "high", "Nearly used up"
    FULL = "full", "At limit"


def use_state(uses: int, max_uses: int) -> UseState:
    """The state of use; the database computes the same in the column `use_state`."""
    if uses >= max_uses:
        return UseState.FULL
    if uses == 0:
        return UseState.UNUSED
    return UseState.HIGH if uses * 5 >= max_uses * 4 else UseState.FREE
