"""Runs of the edge's program, each forked from a process that has loaded it."""

from __future__ import annotations

import subprocess

from tests.support import forked_runs


def run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with these arguments and this environment, without a terminal to ask on."""
    return forked_runs.run(["manage.py", *arguments], environment, loaded=("enrollment.edge.cli",))
