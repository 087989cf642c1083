"""Group commit for SQLite, which has one writer at a time and slow durable commits: waiting threads share one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

T = TypeVar("T")
_Piece = tuple[Callable[[], Any], "Future[Any]"]


class SharedTransaction:
    """Runs the work of many threads of one process in one transaction: the thread whose turn it is, for all.

    Each piece is all or nothing by itself, and no thread hears of success before the commit.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._waiting: deque[_Piece] = deque()

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returned, once it is committed; raises what it raised, once all it wrote is undone."""
        mine: Future[T] = Future()
        self._waiting.append((work, mine))
        # Threads that wait here sleep; those that wait in SQLite poll, at longer and longer intervals.
        with self._turn:
            if not mine.done():
                self._run_waiting()
        return mine.result()

    def _run_waiting(self) -> None:
        pieces: list[_Piece] = []
        try:
            with transaction.atomic():
                # Taken now, for more have come while this thread waited for other processes to finish writing.
                pieces = self._take()
                outcomes = [_attempt(work) for work, _ in pieces]
        except BaseException as error:
            for _, future in pieces or self._take():
                future.set_exception(error)
            return
        for (_, future), outcome in zip(pieces, outcomes, strict=True):
            if isinstance(outcome, IntegrityError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    def _take(self) -> list[_Piece]:
        return [self._waiting.popleft() for _ in range(len(self._waiting))]


def _attempt(work: Callable[[], Any]) -> Any:
    """The result of a piece, or the IntegrityError that undid it and leaves the others alone."""
    try:
        with transaction.atomic():
            return work()
    except IntegrityError as error:
        return error
