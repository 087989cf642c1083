"""Management commands at the same moment, each in its own process: Django starts once, before they are forked."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

from tests.support.console import run

ROOT = Path(__file__).resolve().parents[2]


def outputs(env: dict[str, str], commands: list[list[str]]) -> list[str]:
    """What each command prints on standard output. Raises RuntimeError when one fails."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.commands_at_once"], cwd=ROOT, env=env, text=True, timeout=120,
        input=json.dumps(commands), capture_output=True, check=True,
    )  # fmt: skip
    ended = json.loads(result.stdout)
    if failed := [(command, *end) for command, end in zip(commands, ended, strict=True) if end[0]]:
        raise RuntimeError(f"Commands failed: {failed}")
    return [output for _, output, _ in ended]


def main() -> None:
    """Run the commands of standard input, a list of lists in JSON; print exit code, output and errors of each."""
    import django
    from django.db import connections

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    connections.close_all()
    commands = json.load(sys.stdin)
    fork = multiprocessing.get_context("fork")
    start, ended = fork.Barrier(len(commands)), fork.SimpleQueue()

    def run_one(number: int) -> None:
        start.wait(30)
        ended.put((number, run(commands[number])))

    processes = [fork.Process(target=run_one, args=[number]) for number in range(len(commands))]
    for process in processes:
        process.start()
    print(json.dumps([end for _, end in sorted(ended.get() for _ in processes)]))


if __name__ == "__main__":
    main()
