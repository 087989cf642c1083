"""`python -m tests.enrollment.concurrent_requests URL START`: many edges in one process, all at the same moment.

Standard input is a JSON list of request bodies, one thread each; standard output the JSON list of their answers.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 120
# The status of a request that got no answer.
LOST = 0
# Seconds, enough for the interpreters to start. A late one sends its requests nevertheless.
_HEAD_START = 0.5
_HEAD_START_PER_PROCESS = 0.15


@dataclass(frozen=True)
class Answer:
    status: int
    document: dict[str, Any]

    @property
    def outcome(self) -> str:
        """`201`, `200`, or status and code of a refusal."""
        code = self.document.get("code", "")
        return f"{self.status} {code}".strip()


def post_all(url: str, bodies: list[str], processes: int) -> list[Answer]:
    """Send all bodies at once from `processes` processes, one thread for each body."""
    share = -(-len(bodies) // processes)
    command = [
        sys.executable,
        "-m",
        "tests.enrollment.concurrent_requests",
        url,
        str(time.time() + _HEAD_START + processes * _HEAD_START_PER_PROCESS),
    ]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    with ThreadPoolExecutor(processes) as pool:
        inputs = [json.dumps(bodies[start : start + share]) for start in range(0, len(bodies), share)]
        outputs = pool.map(lambda process, given: process.communicate(given, TIMEOUT)[0], running, inputs)
        return [Answer(*answer) for output in outputs for answer in json.loads(output)]


def post(url: str, body: str) -> tuple[int, Any]:
    """One request to the portal at `url`; to its enrollment endpoint unless the URL has a path."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
    try:
        connection.request("POST", address.path or "/enrollment/v1/enroll", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError):
        return LOST, {}


def main(url: str, start: str) -> None:
    bodies = json.load(sys.stdin)

    def at_the_start(body: str) -> tuple[int, Any]:
        time.sleep(max(0.0, float(start) - time.time()))
        return post(url, body)

    with ThreadPoolExecutor(len(bodies)) as pool:
        json.dump(list(pool.map(at_the_start, bodies)), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
