"""Management commands at the same moment, each in its own process.

All that they load is loaded before they are forked, so that nothing keeps one of them from the moment.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import subprocess
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def outputs(env: dict[str, str], commands: list[list[str]]) -> list[str]:
    """What each command prints on standard output. Raises RuntimeError when one fails."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.commands_at_once"], cwd=ROOT, env=env, text=True, timeout=120,
        input=json.dumps(commands), stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    ends = json.loads(result.stdout)
    if failed := [(command, error) for command, (error, _) in zip(commands, ends, strict=True) if error]:
        raise RuntimeError(f"Commands failed: {failed}")
    return [output for _, output in ends]


def main() -> None:
    """Run the commands of standard input, a list of lists in JSON; print the error and the output of each."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.core.management import call_command, get_commands, load_command_class
    from django.db import connections

    commands = json.load(sys.stdin)
    loaded = {name: load_command_class(get_commands()[name], name) for name, *_ in commands}
    call_command("check", stdout=io.StringIO())
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    start, ends = fork.Barrier(len(commands)), fork.SimpleQueue()

    def run_one(number: int) -> None:
        name, *arguments = commands[number]
        output, error = io.StringIO(), ""
        start.wait(30)
        try:
            call_command(loaded[name], *arguments, stdout=output)
        except (Exception, SystemExit):  # whatever ends a command, its caller waits for an answer
            error = traceback.format_exc()
        ends.put((number, (error, output.getvalue())))

    processes = [fork.Process(target=run_one, args=[number]) for number in range(len(commands))]
    for process in processes:
        process.start()
    print(json.dumps([end for _, end in sorted(ends.get() for _ in processes)]))


if __name__ == "__main__":
    main()
