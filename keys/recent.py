"""A place for what keys cannot know: how machines fared with them lately. The app of the machines fills it in."""

from __future__ import annotations

from typing import Protocol

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from keys.models import ProvisioningKey


class Teller(Protocol):
    """Reads something along with the keys of a page, so that it costs no query of its own, and says it."""

    def read_along(self, keys: QuerySet[ProvisioningKey]) -> QuerySet[ProvisioningKey]: ...

    def say(self, key: ProvisioningKey) -> SafeString:
        """Entries for the details of a key, as HTML; nothing for a key that was read without."""


_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """Let `teller` have its say in the details of each key."""
    _tellers.append(teller)


def read_along(keys: QuerySet[ProvisioningKey]) -> QuerySet[ProvisioningKey]:
    """The keys with what `say` needs."""
    for teller in _tellers:
        keys = teller.read_along(keys)
    return keys


def say(key: ProvisioningKey) -> SafeString:
    """Entries for the details of a key, as HTML."""
    return SafeString("".join(teller.say(key) for teller in _tellers))
