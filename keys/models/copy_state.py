"""Whether the text of a key may be shown, copied and downloaded."""

from __future__ import annotations

from enum import Enum

_ONLY_USE_TAKEN = "The only use of this key is taken"


class CopyState(Enum):
    """Whether the text of a key may be handed out; one truth for icons, warnings and refusals."""

    READY = "ready"
    USED_UP = "used up"
    HIDDEN = "hidden"


def copy_state(*, viewable: bool, uses: int, max_uses: int) -> CopyState:
    """Whether a key with these values is handed out; also one that is no model instance."""
    if not viewable:
        return CopyState.HIDDEN
    return CopyState.USED_UP if uses >= max_uses else CopyState.READY


def all_taken(max_uses: int) -> str:
    """The beginning of a sentence about a key at its limit."""
    return f"All {max_uses:,} uses of this key are taken" if max_uses > 1 else _ONLY_USE_TAKEN
