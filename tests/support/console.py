"""Management commands in one process that stays, for tests that need many: Django starts once, not once for each."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Console:
    """Runs `manage.py` commands in one environment, one after the other, until it is closed."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.console"], cwd=ROOT, env=env, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def manage(self, *arguments: str) -> str:
        """What a command prints on standard output. Raises RuntimeError when it fails."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(arguments), file=self._process.stdin, flush=True)
        code, output, errors = json.loads(self._process.stdout.readline())
        if code:
            raise RuntimeError(f"{arguments[0]} exited with {code}:\n{output}{errors}")
        return output

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _run(arguments: list[str]) -> tuple[object, str, str]:
    from django.core.management import execute_from_command_line

    output, errors, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            execute_from_command_line(["manage.py", *arguments])
        except SystemExit as end:
            code = end.code or 0
        except Exception:
            traceback.print_exc()
            code = 1
    return code, output.getvalue(), errors.getvalue()


def main() -> None:
    """Answer a line of arguments with a line of exit code, standard output and standard error, all in JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
