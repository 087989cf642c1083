"""Across modules: a real portal whose PostgreSQL restarts under load and loses its connections."""

from __future__ import annotations

import math
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.enrollment.concurrent_requests import post
from tests.enrollment.live import LiveTestCase, body
from tests.support.live import LivePortal

pytestmark = pytest.mark.once
THREADS = 24
PAUSE = 0.1
ATTEMPTS = 200


@dataclass(frozen=True)
class Sent:
    begun: float
    ended: float
    status: int


class Load:
    """Threads that enroll edges one after the other, each repeated until it succeeds, and fetch a list in between."""

    def __init__(self, url: str, text: str) -> None:
        self.url, self.text = url, text
        self.sent: list[Sent] = []
        self.admitted = 0
        self._stop = threading.Event()

    def _edge(self) -> None:
        enrollment = body(self.text)
        for _ in range(ATTEMPTS):
            status = self._send(lambda: post(f"{self.url}/enrollment/v1/enroll", enrollment)[0])
            if status in {200, 201}:
                break
            time.sleep(PAUSE)
        else:
            raise AssertionError(f"never admitted: {status}")
        self._send(lambda: _status_of(f"{self.url}/pki/1.crl"))

    def _send(self, request) -> int:
        begun = time.monotonic()
        status = request()
        self.sent.append(Sent(begun, time.monotonic(), status))
        return status

    def _edges(self) -> int:
        admitted = 0
        while not self._stop.is_set():
            self._edge()
            admitted += 1
        return admitted

    def wait_for(self, successes: int) -> None:
        """Wait until so many more requests have succeeded, or for half a minute, so that a hang becomes a failure."""
        enough, deadline = self._succeeded() + successes, time.monotonic() + 30
        while self._succeeded() < enough and time.monotonic() < deadline:
            time.sleep(0.01)

    def _succeeded(self) -> int:
        return sum(sent.status in {200, 201} for sent in self.sent)

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(THREADS) as pool:
            threads = [pool.submit(self._edges) for _ in range(THREADS)]
            try:
                yield
            finally:
                self._stop.set()
            self.admitted = sum(thread.result() for thread in threads)

    def failures(self, begin: float, end: float) -> list[int]:
        """The answers to the requests that began and ended between these times."""
        within = [sent.status for sent in self.sent if begin < sent.begun and sent.ended < end]
        return [status for status in within if status not in {200, 201}]


def _status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


class PostgresqlTests(LiveTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.portal = cls.enterClassContext(LivePortal(aged=True, postgresql=True))

    def test_after_a_restart_under_load_no_request_fails_and_no_use_is_lost_or_taken_twice(self) -> None:
        load = Load(self.portal.url, self.make_key("Restart", 100_000))
        with load.running():
            load.wait_for(2 * THREADS)
            self.portal.server.restart()
            restarted = time.monotonic()
            load.wait_for(4 * THREADS)
            ending = time.monotonic()
            self.end_connections()
            ended = time.monotonic()
            load.wait_for(4 * THREADS)
        self.assertGreater(sum(sent.begun > restarted for sent in load.sent), THREADS)
        self.assertEqual(load.failures(restarted, ending), [])
        self.assertEqual(load.failures(ended, math.inf), [])
        self.assertEqual(self.books("Restart"), (load.admitted,) * 5)

    def end_connections(self) -> None:
        """End all at once. `pg_terminate_backend` with a time to wait takes a tenth of a second for each."""
        others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        with self.database() as administrator:
            ended = administrator.execute(f"SELECT pid, pg_terminate_backend(pid) {others}").fetchall()
            pids, deadline = {pid for pid, _ in ended}, time.monotonic() + 5
            while pids & {pid for (pid,) in administrator.execute(f"SELECT pid {others}")}:
                self.assertLess(time.monotonic(), deadline, "connections do not end")
                time.sleep(0.01)

    def test_after_a_restart_while_nobody_asked_the_first_request_of_each_thread_succeeds(self) -> None:
        text = self.make_key("Idle", 1000)

        def statuses() -> list[int]:
            with ThreadPoolExecutor(THREADS) as pool:
                return list(
                    pool.map(lambda sent: post(self.portal.url, sent)[0], [body(text) for _ in range(2 * THREADS)])
                )

        self.assertEqual(set(statuses()), {201})
        self.portal.server.restart()
        self.assertEqual(set(statuses()), {201})
        self.assertEqual(self.books("Idle"), (4 * THREADS,) * 5)
