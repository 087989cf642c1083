"""`python -m tests.bench`: measure enrollment, refusals, the keys page and memory, and print a Markdown table."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack

import django

from tests.bench import enrolling, memory, paging, proof
from tests.bench.report import Row, table
from tests.support import postgresql

ENGINES = ("PostgreSQL", "SQLite")


def main() -> None:
    """Measure what was asked for and print it."""
    options = _options()
    started = time.monotonic()
    rows: list[Row] = []
    if options.only in (None, "enroll"):
        rows += _enrolling(options)
    if options.only in (None, "proof"):
        for engine in options.engine:
            _say(f"{engine}: refusing unknown keys and wrong secrets")
            rows += proof.rows(engine, rounds=5 if options.quick else proof.ROUNDS)
    if options.only in (None, "page"):
        rows += _paging(options)
    if options.only in (None, "memory"):
        _say("memory: a portal with four workers")
        rows += memory.rows()
    print(f"{_machine()}; {time.monotonic() - started:.0f} s in all.\n\n{table(rows)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parts = ("enroll", "proof", "page", "memory")
    parser.add_argument("--only", choices=parts, help="one part instead of all")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="one database engine instead of both")
    parser.add_argument("--sizes", type=_sizes, default=list(paging.SIZES), help="numbers of keys: 100,10000,1000000")
    parser.add_argument("--quick", action="store_true", help="short rounds: for a look, not for a record")
    options = parser.parse_args()
    options.engine = options.engine or list(ENGINES)
    return options


def _sizes(text: str) -> list[int]:
    return sorted({int(size) for size in text.split(",")})


def _enrolling(options: argparse.Namespace) -> list[Row]:
    rounds, seconds = (5, 1.0) if options.quick else (7, 3.0)
    contests = {}
    with ExitStack() as stack:
        for engine in options.engine:
            _say(f"{engine}: starting a portal")
            url = stack.enter_context(enrolling.database(engine))
            contests[engine] = enrolling.contest(stack.enter_context(enrolling.live(url)))
            contests[engine].warm_up()
        for number in range(1, rounds + 1):
            _say(f"enrollment: round {number} of {rounds}")
            for contest in contests.values():
                contest.play(seconds)
        for contest in contests.values():
            contest.require_every_use()
    return [row for engine, contest in contests.items() for row in contest.rows(engine)]


def _paging(options: argparse.Namespace) -> list[Row]:
    _say(f"keys page: making {', '.join(f'{size:,}' for size in options.sizes)} keys")
    with paging.workers(options.engine, options.sizes) as found:
        _say("keys page: measuring")
        paging.measure(found, rounds=5 if options.quick else 15)
    return [row for engine in options.engine for row in paging.rows([one for one in found if one.engine == engine])]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _machine() -> str:
    command = [str(postgresql.binaries() / "postgres"), "--version"]
    server = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[2]
    return (
        f"Python {platform.python_version()}, Django {django.get_version()}, PostgreSQL {server}, "
        f"SQLite {sqlite3.sqlite_version}, {os.cpu_count()} processors"
    )


if __name__ == "__main__":
    main()
