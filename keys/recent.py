"""A place for what keys cannot know: how machines fared with them lately. The app of the machines fills it in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

    from keys.pages.rows import KeyRow


class Teller(Protocol):
    """Reads something along with the keys of a page, so that it costs no query of its own, and says it."""

    def expressions(self) -> Mapping[str, Combinable]:
        """What to read along with a key, by name."""

    def say(self, key: KeyRow, told: Mapping[str, Any]) -> str:
        """Entries for the details of a key, as HTML; `told` has the values of the expressions."""


_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """Let `teller` have its say in the details of each key."""
    _tellers.append(teller)


def expressions() -> dict[str, Combinable]:
    """What is to be read along with keys, by name."""
    return {name: expression for teller in _tellers for name, expression in teller.expressions().items()}


def say(key: KeyRow) -> str:
    """Entries for the details of a key, as HTML; nothing for a key that was read without."""
    return "".join(teller.say(key, key.told) for teller in _tellers) if key.told else ""
