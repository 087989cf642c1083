"""Enroll repeatedly, killed one step later each time: `python -m ... URL KEY_FILE DIRECTORY [OPTION]`.

A step is whatever the interpreter reports to audit hooks (PEP 578): a file opened, renamed or removed, a directory
made, a socket connected, a request sent. The kill comes just before the step. Prints, for each step, what it was,
the files that were left, and the exit code of a second run that nothing disturbs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from enrollment.edge.cli import main

STEPS = ("open", "os.rename", "os.remove", "os.mkdir", "os.chmod", "fcntl.flock", "socket.connect", "http.client.")


def killer(at: int, report: int) -> Callable[[str, tuple[Any, ...]], None]:
    left = at

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event.startswith(STEPS) and "__pycache__" not in str(arguments[:1]):
            left -= 1
            if left == 0:
                os.write(report, f"{event} {arguments[0] if arguments else ''}".encode(errors="replace")[:200])
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


def run(arguments: list[str], kill_at: int = 0) -> tuple[int, str]:
    """Run the edge in a child; the exit code, or minus the signal that killed it, and the step it died at."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        if kill_at:
            sys.addaudithook(killer(kill_at, writing))
        os._exit(main(arguments))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        step = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), step


def crash_everywhere(url: str, key_file: str, root: Path, *options: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    while not results or results[-1]["killed"] == -signal.SIGKILL:
        directory = root / str(len(results) + 1)
        arguments = ["--url", url, "--key-file", key_file, "--directory", str(directory), *options]
        killed, step = run(arguments, len(results) + 1)
        left = sorted(os.listdir(directory)) if directory.exists() else []
        again, _ = run(arguments)
        results.append({"killed": killed, "step": step, "left": left, "again": again})
    return results


if __name__ == "__main__":
    print(json.dumps(crash_everywhere(sys.argv[1], sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])))
