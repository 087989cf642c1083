"""Enrollments a second with eight clients on one hot key, beside a view that does nothing and one that only signs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.bench import load
from tests.bench.load import Outcome
from tests.bench.report import Goal, Row, compare
from tests.support import postgresql
from tests.support.live import LivePortal

CLIENTS = 8
NULL, SIGN, ENROLL = "/bench/null", "/bench/sign", "/enrollment/v1/enroll"
GOALS = {
    ("PostgreSQL", NULL): Goal(0.15, 0.30, is_rate=True),
    ("PostgreSQL", SIGN): Goal(0.33, 0.50, is_rate=True),
    ("SQLite", NULL): Goal(0.12, 0.20, is_rate=True),
}
PEERS = {NULL: "a view that does nothing", SIGN: "a view that parses the CSR and signs"}
# More than the fastest machine seen enrolls; a run that gets through them just ends early.
_MOST_PER_SECOND = 2000
_COUNT = "from keys.models import ProvisioningKey; print(ProvisioningKey.objects.get().uses)"
_SERVER = {
    "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
    # No worker is replaced in the middle of a round.
    "GUNICORN_CMD_ARGS": "--max-requests 0",
}


@contextmanager
def database(engine: str) -> Iterator[str]:
    """The URL of an empty database whose commits are durable; empty for the portal's own SQLite file."""
    if engine == "SQLite":
        yield ""
        return
    with postgresql.server(durable=True) as url:
        yield url


@dataclass
class Contest:
    """One engine's portal under load, and what each view reached in each round."""

    portal: LivePortal
    key_text: str
    clients: int = CLIENTS
    warmed_up: int = 0
    rounds: dict[str, list[Outcome]] = field(default_factory=lambda: {NULL: [], SIGN: [], ENROLL: []})

    def play(self, seconds: float) -> None:
        """One round: each view in turn."""
        bodies = load.bodies(self.key_text, int(_MOST_PER_SECOND * seconds))
        for path, outcomes in self.rounds.items():
            requests = (load.post(self.portal.port, path, body) for body in bodies)
            requests = requests if path == ENROLL else itertools.cycle(requests)
            outcomes.append(self._run(requests, seconds))

    def _run(self, requests: Iterator[bytes], seconds: float) -> Outcome:
        outcome = load.run(self.portal.port, requests, self.clients, seconds)
        if set(outcome.statuses) != {201}:
            raise RuntimeError(f"not every answer was 201: {dict(outcome.statuses)}")
        return outcome

    def rows(self, engine: str) -> list[Row]:
        """Enrollments a second beside each of the other views, and how long an edge waited."""
        rates = {path: [outcome.rate for outcome in outcomes] for path, outcomes in self.rounds.items()}
        what = f"enrollments, {engine}, {self.clients} clients, one key / {{}}"
        compared = [
            compare(what.format(peer), "/s", rates[ENROLL], rates[path], GOALS.get((engine, path)))
            for path, peer in PEERS.items()
        ]
        half, most = ([outcome.percentile(share) for outcome in self.rounds[ENROLL]] for share in (0.5, 0.99))
        return [*compared, compare(f"one enrollment, {engine}: slowest of a hundred / median", "ms", most, half)]

    def require_every_use(self) -> None:
        """Raise unless the key counts exactly as many uses as edges were told that they are enrolled."""
        told = self.warmed_up + sum(len(outcome.latencies) for outcome in self.rounds[ENROLL])
        counted = int(self.portal.manage("shell", "-v0", "-c", _COUNT))
        if counted != told:
            raise RuntimeError(f"{told} edges were enrolled and {counted} uses counted")

    def warm_up(self) -> None:
        """Open the connections, load the issuer, and forget the result."""
        self.play(1)
        self.warmed_up = len(self.rounds[ENROLL][0].latencies)
        for outcomes in self.rounds.values():
            outcomes.clear()


def contest(portal: LivePortal) -> Contest:
    """A running portal with one key that is never used up."""
    text = portal.manage("create_key", "--name", "Hot key", "--group", "Bench", "--max-uses", "10000000")
    return Contest(portal, text.strip())


def live(url: str) -> LivePortal:
    """A portal as `make run` serves it, with the two views to compare with."""
    return LivePortal(database_url=url, extra=_SERVER)
