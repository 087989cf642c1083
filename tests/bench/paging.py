"""The pages of lists at each size, beside themselves at another size; of keys also beside the Django admin's list.

Each database has a process of its own; they are asked in turn, so that a slow moment of the machine meets them all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from keys.crypto import keyring
from portal.quickstart import state
from tests.bench.list_pages import COUNTED, DASHBOARD, EXPORTS, LISTS, SEARCHES, unfiltered
from tests.bench.report import Goal, Row, compare
from tests.support import postgresql
from tests.support.live import ROOT

SIZES = (100, 10_000, 100_000, 1_000_000)
PAGES = {
    "25 rows": "/service-edge-keys/?per_page=25",
    "100 rows": "/service-edge-keys/?per_page=100",
    "admin": "/admin/keys/provisioningkey/",
    **DASHBOARD,
}
LARGER, CONTAINS = Goal(1.5, 1.1), Goal(2, 1.2)
BESIDE_ADMIN = {10_000: Goal(0.6, 0.25), 1_000_000: Goal(0.3, 0.1)}
QUERIES, DASHBOARD_QUERIES = Goal(5, 4), Goal(12, 9)
# Of the memory that a download takes beside the size of its file, at one size.
EXPORTED, HELD = 100_000, Goal(0.5, 0.2)
_WARM_UPS = 3


@dataclass
class Worker:
    """One database with so many keys, and what its pages took."""

    engine: str
    keys: int
    process: subprocess.Popen[str]
    taken: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    exports: dict[str, dict[str, float]] = field(default_factory=dict)

    def ask(self, **question: Any) -> Any:
        """The answer of the process to one question."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self._read())

    def _read(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.engine} with {self.keys} keys: the process ended")
        return line

    def get_ready(self) -> None:
        """Wait until the keys are there, then warm each page up and keep its facts."""
        self._read()
        self.paths = dict(PAGES)
        if self.keys >= SIZES[1]:
            terms = self.ask(do="terms")
            self.paths |= {name: path.format_map(terms) for name, path in LISTS.items()}
        for name, path in self.paths.items():
            self._time(name, _WARM_UPS)
            self.facts[name] = self.ask(do="facts", path=path)
            self.taken[name] = []
        if self.keys == EXPORTED:
            self.exports = {name: self.ask(do="export", path=path) for name, path in EXPORTS.items()}

    def play(self, name: str) -> None:
        """One request of a page."""
        self.taken[name] += self._time(name, 1)

    def _time(self, name: str, repetitions: int) -> Any:
        return self.ask(do="times", path=self.paths[name], repetitions=repetitions, counts=name.endswith(COUNTED))

    def is_sound(self, name: str) -> bool:
        """Whether a page shows what its name says: a filter that is ignored measures nothing."""
        return self.facts[name]["rows"] != self.facts.get(unfiltered(name), {}).get("rows")


@contextmanager
def workers(engines: list[str], sizes: list[int]) -> Iterator[list[Worker]]:
    """A process for each engine and size, all filling their databases at once."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-bench-")))
        environment = _environment(directory)
        cluster = stack.enter_context(postgresql.server()) if "PostgreSQL" in engines else ""
        started = []
        for engine in engines:
            for keys in sizes:
                url = _postgresql_database(cluster, keys) if engine == "PostgreSQL" else f"sqlite:///{directory}/{keys}"
                process = _start(keys, {**environment, "DATABASE_URL": url})
                stack.callback(_stop, process)
                started.append(Worker(engine, keys, process))
        for worker in started:
            worker.get_ready()
        yield started


def _environment(directory: Path) -> dict[str, str]:
    state.keep(directory, state.read(directory, {"PORTAL_ALLOWED_HOSTS": "testserver"}))
    state.write_private(directory / state.KEYRING, keyring.generate())
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DJANGO_"))}
    environment = {**kept, "PORTAL_STATE_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return environment


def _postgresql_database(cluster: str, keys: int) -> str:
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE keys_{keys}")
    return f"{cluster.rpartition('/')[0]}/keys_{keys}"


def _start(keys: int, environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.page_worker", str(keys)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)


def _stop(process: subprocess.Popen[str]) -> None:
    process.communicate()


def measure(found: list[Worker], rounds: int) -> None:
    """Ask each database for each page in turn, so many times."""
    for _ in range(rounds):
        for name in (*PAGES, *LISTS):
            for worker in found:
                if name in worker.paths:
                    worker.play(name)


def rows(found: list[Worker]) -> list[Row]:
    """The lines of one engine, its databases from small to large."""
    return [*_beside_admin(found), *_beside_smaller(found), *_exports(found), *_queries(found[-1])]


def _beside_admin(found: list[Worker]) -> list[Row]:
    lines = []
    for worker in found:
        what = f"keys page, {worker.engine}, {worker.keys:,} keys, {{}} / Django admin's list, 100 rows"
        # The second goal was set for PostgreSQL, whose admin counts every key on every page.
        goal = BESIDE_ADMIN.get(worker.keys) if (worker.engine, worker.keys) != ("SQLite", 1_000_000) else None
        for page in ("25 rows", "100 rows"):
            is_paired = page == "100 rows"
            lines.append(_line(what.format(page), worker, page, worker, "admin", goal if is_paired else None))
    return lines


def _beside_smaller(found: list[Worker]) -> list[Row]:
    lines = []
    for larger in found[1:]:
        for page in larger.paths:
            # Pages of lists at the smallest size have one page, and filters that find nothing.
            other = next(worker for worker in found if page in worker.taken)
            if other is larger or page == "admin" or not larger.is_sound(page):
                continue
            what = f"pages, {larger.engine}, {page}: {larger.keys:,} / {other.keys:,} keys"
            # The dashboard of 1,000 groups reads the edges of each for its map; of more it reads none.
            goal = None if page in DASHBOARD and larger.keys < SIZES[-1] else CONTAINS if page in SEARCHES else LARGER
            lines.append(_line(what, larger, page, other, page, goal))
    return lines


def _line(what: str, one: Worker, page: str, other: Worker, beside: str, goal: Goal | None) -> Row:
    return compare(what, "ms", one.taken[page], other.taken[beside], goal)


def _exports(found: list[Worker]) -> list[Row]:
    return [
        Row(
            f"memory, {worker.engine}, CSV of {taken['rows']:,} {name}: beyond idle / its file "
            f"({taken['seconds'] / taken['rows'] * 1000:.3f} s of a processor for 1,000 rows)",
            f"{taken['grown']:.1f} MiB",
            f"{taken['file']:.1f} MiB",
            taken["grown"] / taken["file"],
            HELD,
        )
        for worker in found
        for name, taken in worker.exports.items()
    ]


def _queries(worker: Worker) -> list[Row]:
    lines = []
    for page, facts in worker.facts.items():
        what = f"queries, {worker.engine}, {worker.keys:,} keys, {page} (beside: sign-in and session)"
        goal = None if page == "admin" else DASHBOARD_QUERIES if page.startswith("dashboard") else QUERIES
        if worker.is_sound(page):
            lines.append(Row(what, str(facts["queries"]), str(facts["sign_in_queries"]), facts["queries"], goal))
    return lines
