"""Runs of the edge's program, each in a process forked from one that has loaded it: no interpreter starts for each."""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_SECONDS = 60


@functools.cache
def _runner() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.enrollment.edge.helpers_runs"], cwd=ROOT, text=True, bufsize=1,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    atexit.register(process.communicate)
    return process


def run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with these arguments and this environment, without a terminal to ask on."""
    process = _runner()
    assert process.stdin
    assert process.stdout
    print(json.dumps([arguments, environment]), file=process.stdin, flush=True)
    return subprocess.CompletedProcess(arguments, *json.loads(process.stdout.readline()))


def _run_forked(arguments: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            os.setsid()
            signal.alarm(_SECONDS)
            for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), out.fileno(), err.fileno())):
                os.dup2(descriptor, number)
            _end(arguments, environment)
        _, status = os.waitpid(child, 0)
        for file in (out, err):
            file.seek(0)
        return os.waitstatus_to_exitcode(status), out.read().decode(), err.read().decode()


def _end(arguments: list[str], environment: dict[str, str]) -> None:
    """Be the program: run it and exit as it does."""
    import manage

    code: object = 0
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["manage.py", *arguments]
    try:
        manage.main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    import enrollment.edge.cli  # noqa: F401  # loaded once, for all runs

    for line in sys.stdin:
        print(json.dumps(_run_forked(*json.loads(line))), flush=True)
