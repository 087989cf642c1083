"""The benchmark measures what it says: the table's verdicts, and the load generator's count."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.bench import load
from tests.bench.report import Goal, Row, compare, table

RATE, TIME = Goal(0.15, 0.30, is_rate=True), Goal(1.5, 1.1)


@pytest.mark.parametrize(
    ("goal", "value", "reached"),
    [(RATE, 0.15, True), (RATE, 0.14, False), (RATE, 2.0, True), (TIME, 1.5, True), (TIME, 1.51, False)],
)
def test_a_rate_has_to_be_high_and_a_time_low(goal: Goal, value: float, reached: bool) -> None:
    assert goal.is_reached(value) is reached
    assert (Row("what", "", "", value, goal).cells[-1] == "yes") is reached


def test_the_ratio_is_the_median_of_the_rounds_and_its_spread_is_shown() -> None:
    row = compare("what", "/s", [100, 300, 900], [1000, 1000, 1000], RATE)
    assert row.cells == ("what", "300 /s", "1,000 /s", "0.30 (0.10 to 0.90)", "≥ 0.15", "≥ 0.3", "yes")


def test_the_table_is_markdown_with_as_many_cells_in_each_line() -> None:
    lines = table([Row("a", "1", "2", 0.5), Row("b", "1", "2", 0.5, TIME)]).splitlines()
    assert {line.count("|") for line in lines} == {8}


class _Answering(BaseHTTPRequestHandler):
    status = 201

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))  # type: ignore[attr-defined]
        self.send_response(self.status)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"yes")

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as running:
        running.bodies = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_every_request_is_sent_once_and_every_answer_counted() -> None:
    with server() as running:
        port = running.server_address[1]
        bodies = [str(number).encode() for number in range(40)]
        outcome = load.run(port, (load.post(port, "/", body) for body in bodies), clients=4, seconds=60)
    assert (outcome.statuses, len(outcome.latencies)) == (Counter({201: 40}), 40)
    assert Counter(running.bodies) == Counter(bodies)  # type: ignore[attr-defined]
    assert 0 < outcome.percentile(0.5) <= outcome.percentile(1)


def test_a_run_ends_after_its_seconds() -> None:
    with server() as running:
        port = running.server_address[1]
        outcome = load.run(port, itertools.repeat(load.post(port, "/", b"x")), clients=2, seconds=0.2)
    assert 0.2 <= outcome.seconds < 30
    assert outcome.rate == len(outcome.latencies) / outcome.seconds


def test_each_enrollment_request_has_a_key_pair_of_its_own() -> None:
    assert len(set(load.bodies("text", 5))) == 5
