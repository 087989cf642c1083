"""`make fuzz`: python -m tests.fuzz [--count 200000] [--seed N] [--first N]. Prints outcomes, rates and the slowest."""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.campaigns import Attempt

ISSUANCES = 500


def main() -> int:
    options = _options()
    _set_up()
    from tests.fuzz import campaigns

    failed = 0
    for name, count, attempt in _campaigns(options.count):
        try:
            print(campaigns.campaign(name, options.seed, count, attempt, options.first), flush=True)
        except campaigns.Failed as failure:
            failed += 1
            print(f"FAILED {failure}", flush=True)
    failed += _answer(options.seed, options.count // 20, options.first)
    failed += _issue(options.seed, options.issuances)
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--count", type=int, default=200_000, help="mutated requests, and mutated keys")
    parser.add_argument("--issuances", type=int, default=ISSUANCES, help="random issuances for pkilint and openssl")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9), help="repeats a run")
    parser.add_argument("--first", type=int, default=0, help="number of the first attempt: --first N --count 1")
    return parser.parse_args()


def _set_up() -> None:
    """The portal over a database in memory: what is tried here is judging, not the disk."""
    os.environ["DATABASE_URL"] = "sqlite:///:memory:"
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.core.management import call_command

    django.setup()
    import logging

    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)


def _campaigns(count: int) -> Iterator[tuple[str, int, Attempt]]:
    from django.conf import settings
    from django.test import Client

    from keys.models.provisioning_key import MOST_USES
    from tests.factories import make_key
    from tests.fuzz import campaigns

    _, text = make_key(max_uses=MOST_USES)
    attempts = campaigns.attempts(Client(), text, settings.CLOUD_DOMAIN)
    # The whole stack is slower than judging alone; together they are `count` mutated requests. An upload takes 2 ms.
    counts = {"CSRs": count - count // 10, "requests": count // 10, "keys": count, "uploads": count // 10}
    return ((name, counts[name], attempt) for name, attempt in attempts.items())


def _answer(seed: int, count: int, first: int) -> int:
    """Mutated answers to an edge that watches: each is a connection, so there are fewer."""
    from tests.fuzz import answers, campaigns

    try:
        with answers.attempts() as attempts:
            print(campaigns.campaign("answers", seed, count, attempts["answers"], first), flush=True)
    except campaigns.Failed as failure:
        print(f"FAILED {failure}", flush=True)
        return 1
    return 0


def _issue(seed: int, count: int) -> int:
    from tests.fuzz import issuances

    chance, found = random.Random(seed), Counter[str]()
    for made in issuances.random_issuances(chance, count):
        found.update(issuances.findings(made, chance))
    print(f"issuances: {count} through pkilint and openssl, seed {seed}; {found.total()} finding(s)")
    for finding, times in found.most_common():
        print(f"    {times} x {finding}")
    return len(found)


if __name__ == "__main__":
    sys.exit(main())
