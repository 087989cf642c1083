"""How long an unknown key takes to refuse, beside a known one with a wrong secret: time must not tell them apart.

Only the view is timed, without server, middleware and network, which would hide a difference. Each database has a
process of its own: `python -m tests.bench.proof ROUNDS` prints the medians of each round.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from tests.bench.report import Goal, Row, compare
from tests.support import postgresql
from tests.support.live import ROOT

ROUNDS, _A_ROUND, _KEYS = 30, 300, 1_000
# Above this somebody with patience learns which ids exist.
GOAL = Goal(1.02, 1.01)


def rows(engine: str, rounds: int = ROUNDS) -> list[Row]:
    """Both refusals of one engine, the slower first."""
    with _database(engine) as url:
        command = [sys.executable, "-m", "tests.bench.proof", str(rounds)]
        environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    taken = json.loads(done.stdout)
    slower, faster = sorted(taken, key=lambda name: median(taken[name]), reverse=True)
    return [compare(f"refusing {slower} / {faster}, {engine}", "ms", taken[slower], taken[faster], GOAL)]


@contextmanager
def _database(engine: str) -> Iterator[str]:
    if engine == "SQLite":
        yield "sqlite:///:memory:"
        return
    with postgresql.server() as url:
        yield url


def _requests(text: str) -> dict[str, bytes]:
    """An unknown key and a known one with another secret: both parse, and neither is admitted."""
    from django.conf import settings

    from keys.crypto import tokens
    from tests.factories import make_csr

    known, csr = tokens.read(text, {settings.CLOUD_DOMAIN}), make_csr()
    presented = {
        "an unknown key": tokens.Token(known.domain, os.urandom(16), known.secret, known.pin),
        "a wrong secret": tokens.Token(known.domain, known.public_id, os.urandom(32), known.pin),
    }
    bodies = {name: {"provisioning_key": token.text, "csr": csr} for name, token in presented.items()}
    return {name: json.dumps(body).encode() for name, body in bodies.items()}


def _milliseconds(view: Any, body: bytes) -> float:
    from django.test import RequestFactory

    from enrollment.endpoints import rate_limit

    # Nothing is to be refused by the rate limit.
    rate_limit.unproved.reset()
    request = RequestFactory().post("/enrollment/v1/enroll", body, content_type="application/json")
    request.request_id = "bench"  # type: ignore[attr-defined]
    started = time.perf_counter()
    response = view(request)
    taken = (time.perf_counter() - started) * 1000
    if response.status_code != 401:
        raise RuntimeError(f"answered {response.status_code}")
    return taken


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from enrollment.endpoints import json as views
    from tests.factories import make_key, signing_certificate

    call_command("migrate", verbosity=0, interactive=False)
    signing_certificate()
    call_command("seed_keys", count=_KEYS, verbosity=0)
    bodies = _requests(make_key()[1])
    taken: dict[str, list[float]] = {name: [] for name in bodies}
    for number in range(int(sys.argv[1]) + 1):
        round_of: dict[str, list[float]] = {name: [] for name in bodies}
        for _ in range(_A_ROUND):
            for name in random.sample(list(bodies), len(bodies)):
                round_of[name].append(_milliseconds(views.enroll, bodies[name]))
        # The first warms up.
        for name in bodies if number else ():
            taken[name].append(median(round_of[name]))
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
