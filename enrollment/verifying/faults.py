"""What is said about a fault, and how much was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from keys.crypto.uploaded_pem import PARSER_ERRORS

BATCH = 500
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not fit. `subject` is its noun and its name: a serial, a UUID, a public id."""

    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}"


@dataclass(slots=True)
class Tally:
    """How many certificates, enrollment and renewal events, keys and revocation lists were looked at."""

    certificates: int = 0
    events: int = 0
    keys: int = 0
    lists: int = 0

    def __str__(self) -> str:
        return (
            f"{self.certificates} certificate(s), {self.events} event(s), {self.keys} key(s), "
            f"{self.lists} revocation list(s)"
        )


def as_far_as_readable(found: Iterator[str], what: str) -> Iterator[str]:
    """What is found, and `what` where the bytes cannot be read on: one rotten row must not hide those behind it."""
    try:
        yield from found
    except PARSER_ERRORS:
        yield what


def noted(detail: Any, name: str) -> Any:
    """A value of an event's detail, which is an object unless somebody tampered with it; else None."""
    return detail.get(name) if isinstance(detail, dict) else None


def batches(rows: QuerySet[M]) -> Iterator[list[M]]:
    """The rows by id, a bounded number at a time, holding no transaction open in between."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk


def to_the_second(moment: datetime) -> datetime:
    """As certificates tell time."""
    return moment.replace(microsecond=0)
