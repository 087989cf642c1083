"""Threads that wait for SQLite's writer share a transaction. Each is all or nothing, and answered after the commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import IntegrityError, OperationalError, connection
from django.utils import timezone

from enrollment.operations.shared_commit import SharedTransaction
from portal.models import SignInLock
from tests.base import CommittedTestCase

WAIT = 30


def write(name: str) -> int:
    """A row, in whatever transaction there is; a name that is taken is an IntegrityError."""
    return SignInLock.objects.create(subject=name, first_failure_at=timezone.now()).pk


def write_and_fail(name: str, error: Exception) -> None:
    write(name)
    raise error


class SharedTransactionTests(CommittedTestCase):
    def setUp(self) -> None:
        self.shared = SharedTransaction()
        self.pool = ThreadPoolExecutor(8)
        self.addCleanup(self.pool.shutdown)
        self.may_go_on = threading.Event()
        self.addCleanup(self.may_go_on.set)

    def start(self, work: Callable[[], Any]) -> Future[Any]:
        """Run `work` in the shared transaction, in another thread."""

        def in_thread() -> Any:
            try:
                return self.shared.run(work)
            finally:
                connection.close()

        return self.pool.submit(in_thread)

    def hold(self) -> Future[Any]:
        """Hold the lock, as a slow commit would, until `may_go_on` is set."""
        begun = threading.Event()

        def slow() -> str:
            begun.set()
            self.may_go_on.wait(WAIT)
            return "slow"

        held = self.start(slow)
        self.assertTrue(begun.wait(WAIT))
        return held

    def run_together(self, *works: Callable[[], Any]) -> list[Future[Any]]:
        """Let all wait while the lock is held, then release it. All are done afterwards."""
        held = self.hold()
        started = [self.start(work) for work in works]
        self.wait_for(len(works))
        self.may_go_on.set()
        for future in [held, *started]:
            future.exception(WAIT)
        return started

    def wait_for(self, waiting: int) -> None:
        """Wait until this number of threads wait for the lock."""
        deadline = time.monotonic() + WAIT
        while len(self.shared._waiting) < waiting and time.monotonic() < deadline:
            time.sleep(0.005)

    @staticmethod
    def names() -> list[str]:
        return sorted(SignInLock.objects.values_list("subject", flat=True))

    def test_alone_it_is_a_transaction_of_its_own(self) -> None:
        self.shared.run(lambda: write("one"))
        with self.assertRaises(IntegrityError):
            self.shared.run(lambda: write("one"))
        self.assertEqual(self.names(), ["one"])

    def test_whoever_waits_shares_the_next_transaction_and_gets_its_own_result(self) -> None:
        writers: set[int] = set()

        def work(name: str) -> str:
            writers.add(threading.get_ident())
            write(name)
            return name.upper()

        results = self.run_together(*(lambda name=name: work(name) for name in "abc"))
        self.assertEqual([future.result() for future in results], ["A", "B", "C"])
        self.assertEqual(self.names(), ["a", "b", "c"])
        self.assertEqual(len(writers), 1, "one thread writes for all")

    def test_a_piece_that_is_refused_is_undone_alone(self) -> None:
        write("taken")

        def refused() -> None:
            write("half")
            write("taken")

        first, second, third = self.run_together(lambda: write("a"), refused, lambda: write("c"))
        self.assertIsInstance(second.exception(), IntegrityError)
        self.assertTrue(first.result() and third.result())
        self.assertEqual(self.names(), ["a", "c", "taken"])

    def test_any_other_error_undoes_all_and_all_hear_of_it(self) -> None:
        lost = OperationalError("disk full")
        results = self.run_together(lambda: write("a"), lambda: write_and_fail("b", lost), lambda: write("c"))
        self.assertEqual([future.exception() for future in results], [lost, lost, lost])
        self.assertEqual(self.names(), [])

    def test_a_transaction_that_cannot_begin_refuses_all_that_wait(self) -> None:
        away = OperationalError("away")

        def refuse(execute: Any, sql: str, *arguments: Any) -> Any:
            raise away

        def run_disconnected() -> Any:
            try:
                with connection.execute_wrapper(refuse):
                    return self.shared.run(lambda: write("never"))
            finally:
                connection.close()

        held = self.hold()
        results = [self.pool.submit(run_disconnected) for _ in range(3)]
        self.may_go_on.set()
        self.assertEqual(held.result(WAIT), "slow")
        for future in results:
            self.assertIsInstance(future.exception(WAIT), OperationalError)
        self.assertEqual(self.names(), [])
        self.assertTrue(self.shared.run(lambda: write("later")), "the turn is free again")

    def test_nobody_hears_of_success_before_the_commit(self) -> None:
        told = threading.Event()

        def tell() -> None:
            self.shared.run(lambda: write("a"))
            told.set()
            connection.close()

        held = self.hold()
        teller = self.pool.submit(tell)
        self.wait_for(1)
        # The second piece of the same transaction checks whether the first is answered already.
        watcher = self.start(lambda: told.wait(0.3))
        self.wait_for(2)
        self.may_go_on.set()
        for future in (held, teller):
            future.result(WAIT)
        self.assertFalse(watcher.result(WAIT))
        self.assertTrue(told.is_set())
