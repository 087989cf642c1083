"""A fault, the count of what was checked, and how rows are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, QuerySet

from keys.crypto.uploaded_pem import PARSER_ERRORS
from portal.numbers import counted

BATCH = 500
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Fault:
    """One disagreement. `subject` is a noun with a name, such as a certificate's serial or a key's public id."""

    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}"


@dataclass(slots=True)
class Tally:
    """How many certificates, enrollment and renewal events, keys and revocation lists were checked."""

    certificates: int = 0
    events: int = 0
    keys: int = 0
    lists: int = 0

    def __str__(self) -> str:
        counts = {
            "certificate": self.certificates,
            "event": self.events,
            "key": self.keys,
            "revocation list": self.lists,
        }
        return ", ".join(counted(count, noun) for noun, count in counts.items())


def as_far_as_readable(found: Iterator[str], what: str) -> Iterator[str]:
    """Yield what is found, and `what` instead of a parser's error: a damaged row must not hide the faults behind it."""
    try:
        yield from found
    except PARSER_ERRORS:
        yield what


def batches(rows: QuerySet[M]) -> Iterator[list[M]]:
    """Yield the rows in order of their ids, BATCH at a time. No transaction is open in between."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk
