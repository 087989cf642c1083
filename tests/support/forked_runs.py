"""Runs of a program, each in a process forked from one that has loaded what it needs: no interpreter starts for each.

`python -m tests.support.forked_runs MODULE...` loads the modules and answers a line of command and environment with a
line of exit code, standard output and standard error, all in JSON.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 60


@functools.cache
def _runner(*modules: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.forked_runs", *modules], cwd=ROOT, text=True, bufsize=1,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    atexit.register(process.communicate)
    return process


def run(
    command: Sequence[str], environment: Mapping[str, str], loaded: tuple[str, ...]
) -> subprocess.CompletedProcess[str]:
    """Run `python *command` with this environment, without a terminal to ask on. `loaded` are modules that it needs."""
    process = _runner(*loaded)
    assert process.stdin
    assert process.stdout
    print(json.dumps([command, dict(environment)]), file=process.stdin, flush=True)
    return subprocess.CompletedProcess(list(command), *json.loads(process.stdout.readline()))


def _run_forked(command: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            os.setsid()
            signal.alarm(_SECONDS)
            for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), out.fileno(), err.fileno())):
                os.dup2(descriptor, number)
            _end(command, environment)
        _, status = os.waitpid(child, 0)
        for file in (out, err):
            file.seek(0)
        return os.waitstatus_to_exitcode(status), out.read().decode(), err.read().decode()


def _end(command: list[str], environment: dict[str, str]) -> None:
    """Be the program: run it and exit as it does."""
    code: object = 0
    os.environ.clear()
    os.environ.update(environment)
    is_module = command[0] == "-m"
    sys.argv = command[1:] if is_module else command
    try:
        if is_module:
            runpy.run_module(command[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(command[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    for module in sys.argv[1:]:
        importlib.import_module(module)
    for line in sys.stdin:
        print(json.dumps(_run_forked(*json.loads(line))), flush=True)
