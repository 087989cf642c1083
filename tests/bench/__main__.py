"""`python -m tests.bench [--only enroll|page] [--sizes 100,10000] [--rounds N] [--seconds S]`: print the table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from tests.bench import enrolling, paging
from tests.bench.paging import Worker
from tests.bench.report import HEAD, Row, at_least, at_most

ENGINES = ["PostgreSQL", "SQLite"]
# The bounds of the goals this project set itself: shares of a null view and of signing alone.
NULL_BOUND = {"PostgreSQL": 0.15, "SQLite": 0.12}
SIGN_BOUND = {"PostgreSQL": 0.33, "SQLite": None}
ADMIN_BOUND = {100: 0.6, 10_000: 0.6, 1_000_000: 0.3}
GROWTH_BOUND = 1.5


def enrollment_rows(engine: str, rounds: int, seconds: float) -> Iterator[Row]:
    """Enrollments a second on one hot key, 8 clients, beside the two views."""
    with enrolling.database(engine) as url, enrolling.live(url) as portal:
        contest = enrolling.contest(portal)
        contest.warm_up()
        for _ in range(rounds):
            contest.play(seconds)
    rates = {path: [outcome.rate for outcome in outcomes] for path, outcomes in contest.rounds.items()}
    mine = rates[enrolling.ENROLL]
    yield at_least(f"{engine}: enroll / null view", mine, rates[enrolling.NULL], NULL_BOUND[engine])
    yield at_least(f"{engine}: enroll / parse and sign only", mine, rates[enrolling.SIGN], SIGN_BOUND[engine])


def page_rows(engine: str, found: dict[int, Worker]) -> Iterator[Row]:
    """The keys page beside the admin's list of 100 rows, and beside itself with fewer keys."""
    for keys, worker in found.items():
        admin = worker.taken["admin"]
        for page in ("25 rows", "100 rows"):
            what = f"{engine}, {keys:,} keys: page of {page} / admin list of 100 rows"
            # At a million the bound is that of PostgreSQL, where the admin counts every row.
            bound = ADMIN_BOUND.get(keys) if keys < 1_000_000 or engine == "PostgreSQL" else ADMIN_BOUND[10_000]
            yield at_most(what, worker.taken[page], admin, bound)
    smallest, largest = min(found), max(found)
    if largest > smallest:
        for page in ("25 rows", "100 rows"):
            what = f"{engine}: first page of {page}, {largest:,} / {smallest:,} keys"
            yield at_most(what, found[largest].taken[page], found[smallest].taken[page], GROWTH_BOUND)
    if {10_000, 1_000_000} <= set(found):
        yield from _deep_rows(engine, found[1_000_000], found[10_000])


def _deep_rows(engine: str, large: Worker, small: Worker) -> Iterator[Row]:
    for name in paging.DEEP_PAGES:
        if name in ("page 100", "middle") or large.filters(name):
            what = f"{engine}: {name}, 1,000,000 / 10,000 keys"
            yield at_most(what, large.taken[name], small.taken[name], GROWTH_BOUND)


def query_lines(found: list[Worker]) -> Iterator[str]:
    for worker in found:
        counts = ", ".join(f"{name} {facts['queries']}" for name, facts in worker.facts.items())
        yield f"- {worker.engine}, {worker.keys:,} keys: {counts}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--only", choices=["enroll", "page"])
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--sizes", default=",".join(map(str, paging.SIZES)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of load in each round of enrolling")
    options = parser.parse_args()
    engines = options.engines.split(",")
    print(HEAD, flush=True)
    if options.only != "page":
        for engine in engines:
            for row in enrollment_rows(engine, options.rounds, options.seconds):
                print(row, flush=True)
    if options.only != "enroll":
        sizes = [int(size) for size in options.sizes.split(",")]
        with paging.workers(engines, sizes) as found:
            paging.measure(found, options.rounds * 3)
            for engine in engines:
                by_size = {worker.keys: worker for worker in found if worker.engine == engine}
                for row in page_rows(engine, by_size):
                    print(row, flush=True)
            print("\nQueries of each page, those of session, user and permissions apart:\n")
            print("\n".join(query_lines(found)))


if __name__ == "__main__":
    main()
