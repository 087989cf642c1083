"""Seals of the audit log: a chain of hashes over past events, so that a change made behind the portal is found.

A seal covers a range of ids without a gap to the one before it. Its digest is over the digest before, the range, the
number of its events and their canonical bytes. Events are sealed afterwards, in batches, by `portal.housekeeping`:
reading takes no locks and a seal is one inserted row, so that no enrollment waits.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from portal.models import AuditEvent, AuditSeal, AuditSealHorizon
from portal.numbers import numbered

logger = logging.getLogger(__name__)
# Events of one seal, at most.
BATCH = 1_000
# A seal for fewer events waits so long, so that seals are few where little happens.
PATIENCE = timedelta(minutes=1)
# Seals that one run makes at most, so that a backlog does not keep a worker busy.
MOST = 20
_FIRST = "0" * 64
_HEAD = re.compile(r"[0-9]{1,18} [0-9a-f]{64}")
_SEALS_AT_ONCE = 500
# What reading a value raises that no event and no seal has.
_UNREADABLE = (TypeError, ValueError, RecursionError, DataError, OperationalError)
_COLUMNS = (
    "id", "at", "action", "outcome", "reason", "actor_kind", "actor_id", "actor_name", "interface", "client_ip",
    "request_id", "object_kind", "object_id", "object_name", "detail", "once",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not agree with a seal; `str` is the sentence for people."""

    seal: int
    sentence: str

    def __str__(self) -> str:
        return f"Seal {self.seal}: {self.sentence}"


def canonical(row: tuple[Any, ...]) -> bytes:
    """The bytes of an event that are sealed, the same on every database: JSON with sorted members, times in UTC."""
    values = [value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value for value in row]
    # SQLite takes any type in any column: what the portal never writes is a difference too.
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=repr)
    # JSON may hold a half of a character, which SQLite stores as an escape.
    return text.encode(errors="surrogatepass") + b"\n"


def seal_past_events() -> int:
    """Seal the events that nobody can add to any more, and return the number of new seals."""
    until = _last_complete_id()
    made = 0
    while made < MOST:
        seal = _next_seal(until)
        if seal is None:
            return made
        try:
            with transaction.atomic():
                seal.save(force_insert=True)
        except IntegrityError:
            # Another process made this seal at the same time.
            return made
        made += 1
        # The log is outside the database: a copy of the chain that nobody changes there.
        logger.info("audit log sealed: seal %s, %s", seal.number, seal.digest)
    return made


def _next_seal(until: int) -> AuditSeal | None:
    last = AuditSeal.objects.order_by("-number").first()
    after, digest = (last.last_event, last.digest) if last else (0, _FIRST)
    rows = list(_rows(after, until)[:BATCH])
    now = timezone.now()
    is_early = last is not None and now - last.at < PATIENCE
    if not rows or (is_early and len(rows) < BATCH):
        return None
    seal = AuditSeal(
        number=last.number + 1 if last else 1,
        first_event=after + 1,
        last_event=rows[-1][0],
        events=len(rows),
        previous=digest,
        at=now,
    )
    seal.digest = _digest(seal, rows)
    return seal


def _rows(after: int, until: int) -> Any:
    events = AuditEvent.objects.filter(id__gt=after, id__lte=until).order_by("id")
    return events.values_list(*_COLUMNS)


def _digest(seal: AuditSeal, rows: list[tuple[Any, ...]], *, timed: bool = True) -> str:
    hashed = hashlib.sha256()
    head = (seal.number, seal.first_event, seal.last_event, seal.events, seal.previous)
    hashed.update(canonical((*head, seal.at) if timed else head))
    for row in rows:
        hashed.update(canonical(row))
    return hashed.hexdigest()


def _last_complete_id() -> int:
    """The largest id below which no event can appear any more.

    SQLite has one writer at a time, so ids are committed in their order. On PostgreSQL they are not: a transaction may
    hold a lower id than the largest one that is committed. So the largest id is remembered together with the number
    that the next transaction would get; it is complete once all transactions before that number have ended.
    """
    largest = AuditEvent.objects.aggregate(largest=Max("id"))["largest"] or 0
    if connection.vendor != "postgresql":
        return largest
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s"
        )
        oldest_running, next_one = cursor.fetchone()
    known = AuditSealHorizon.objects.first() or AuditSealHorizon(pk=1, event=0, complete=0, transaction=0)
    # A database that was restored into another server counts transactions anew: all that wrote its events have ended.
    has_ended = known.transaction <= oldest_running or known.transaction > next_one
    if has_ended and timezone.now() - (known.at or _LONG_AGO) >= _REMEMBERED:
        known.complete = known.event
        known.event, known.transaction, known.at = largest, next_one, timezone.now()
        known.save()
    return known.complete


# A statement takes an id an instant before its transaction gets a number, and is ended after 15 s.
_REMEMBERED = timedelta(seconds=20)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def verify() -> Iterator[Fault]:
    """What in the log does not agree with its seals, seal by seal. On SQLite a column may hold what has no meaning."""
    early = AuditEvent.objects.filter(id__lt=1).count()
    if early:
        yield Fault(
            1, numbered(f"{early} {{event has an id|events have ids}} below 1, before it. No event has.", early)
        )
    digest, after, number = _FIRST, 0, 0
    try:
        for seal in _seals():
            number += 1
            if seal.number != number:
                yield Fault(number, f"is missing: the next one is {seal.number}.")
                number = seal.number
            if (seal.previous, seal.first_event) != (digest, after + 1):
                yield Fault(number, "does not continue the one before it: a seal was changed or deleted.")
            yield from _faults_of(seal)
            digest, after = seal.digest, seal.last_event
    except _UNREADABLE as error:
        _require_readable_database(error)
        yield Fault(number or 1, "it or a later one has values that no seal has. Nothing after it was compared.")


def _require_readable_database(error: Exception) -> None:
    """Raise an error again that is not about a value. SQLite reports bytes that are no text as one of its operation."""
    if isinstance(error, OperationalError) and "UTF-8" not in str(error):
        raise error


def _seals() -> Iterator[AuditSeal]:
    """All in order, in parts: while a query of SQLite is read to its end, nobody can write."""
    seals = AuditSeal.objects.order_by("number")
    part = list(seals[:_SEALS_AT_ONCE])
    while part:
        yield from part
        part = list(seals.filter(number__gt=part[-1].number)[:_SEALS_AT_ONCE])


def _faults_of(seal: AuditSeal) -> Iterator[Fault]:
    where = f"of the events {seal.first_event} to {seal.last_event}"
    try:
        rows = list(_rows(seal.first_event - 1, seal.last_event))
        missing = seal.events - len(rows)
        # The first seals that were ever made do not cover their time.
        agrees = seal.digest == _digest(seal, rows) or seal.digest == _digest(seal, rows, timed=False)
    except _UNREADABLE as error:
        _require_readable_database(error)
        yield Fault(seal.number, f"one or more {where} were changed, or the seal was: no event has such values.")
        return
    if agrees:
        return
    if missing > 0:
        yield Fault(seal.number, f"{missing} {where} are missing, or the seal was changed.")
    elif missing < 0:
        yield Fault(seal.number, f"{-missing} {where} were added later, or the seal was changed.")
    else:
        yield Fault(seal.number, f"one or more {where} were changed, or the seal was.")


def head() -> str:
    """The number and the digest of the latest seal, as one line; "0" and zeros when there is none."""
    last = AuditSeal.objects.order_by("-number").first()
    return f"{last.number} {last.digest}" if last else f"0 {_FIRST}"


def agrees_with(exported: str) -> bool:
    """Whether the seal that `head` returned at an earlier time is still here and the same. Raises ValueError."""
    if not _HEAD.fullmatch(exported):
        raise ValueError("no head")
    number, digest = exported.split()
    return int(number) == 0 or AuditSeal.objects.filter(number=int(number), digest=digest).exists()


def not_sealed() -> int:
    """The number of events after the latest seal."""
    last = AuditSeal.objects.order_by("-number").values_list("last_event", flat=True).first() or 0
    return AuditEvent.objects.filter(id__gt=last).count()
