"""One database of the page benchmark, in a process of its own: `python -m tests.bench.page_worker KEYS`.

Prepares the database that DATABASE_URL names, says "ready", then answers one JSON line for each JSON line it reads.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import django

_ROW = re.compile(r'id="d-(\d+)"')


def prepare(keys: int) -> Any:
    """Migrate and, if it is empty, fill the database; sign a superuser in; returns their client.

    The clock stands still at the latest contact: else edges would be disconnected three minutes after they were made.
    """
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    from enrollment.models import ServiceEdge
    from tests.bench import filling

    call_command("migrate", verbosity=0, interactive=False)
    filling.fill(keys)
    latest = ServiceEdge.objects.latest("contacted").contacted
    timezone.now = lambda: latest
    client = Client()
    client.force_login(User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)[0])
    return client


def _get(client: Any, path: str) -> Any:
    response = client.get(path)
    if response.status_code != 200:
        raise RuntimeError(f"{path} answered {response.status_code}")
    return response


def times(client: Any, path: str, repetitions: int, counts: bool) -> list[float]:
    """Milliseconds of each of some requests, the whole middleware and the rendering included.

    With `counts` the segments, the menu and the dashboard are counted, which else happens once in five seconds.
    """
    from enrollment.pages import enrollment_days
    from keys.pages import group_map
    from portal.lists import alerts, numbers, segments

    taken = []
    for _ in range(repetitions):
        if counts:
            for known in (segments._known, numbers._known, enrollment_days._known, alerts.counted, group_map._known):
                known.clear()
        started = time.perf_counter()
        _get(client, path)
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def facts(client: Any, path: str) -> dict[str, Any]:
    """What does not vary: queries (those of sign-in and session apart), size, and the rows that are shown."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        text = _get(client, path).content.decode()
    signing_in = sum("django_session" in query["sql"] or '"auth_' in query["sql"] for query in captured)
    return {
        "queries": len(captured) - signing_in,
        "sign_in_queries": signing_in,
        "kilobytes": len(text) // 1024,
        "rows": sorted(set(_ROW.findall(text))),
    }


def export(client: Any, path: str) -> dict[str, float]:
    """A download read as it is sent: rows, MiB of the file, most MiB beyond those before it, processor seconds."""
    _get(client, path).close()
    # The peak of the resident set starts again (proc(5), clear_refs).
    Path("/proc/self/clear_refs").write_text("5")
    before, started, rows, size = _mebibytes("VmRSS"), time.process_time(), 0, 0
    for part in _get(client, path).streaming_content:
        rows, size = rows + part.count(b"\r\n"), size + len(part)
    seconds, grown = time.process_time() - started, max(_mebibytes("VmHWM") - before, 0)
    return {"rows": rows - 1, "file": size / 2**20, "grown": grown, "seconds": seconds}


def _mebibytes(name: str) -> float:
    (kilobytes,) = re.findall(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(kilobytes) / 1024


def main() -> None:
    django.setup()
    from tests.bench import filling

    client = prepare(int(sys.argv[1]))
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "terms":
            answer: Any = filling.terms()
        elif asked["do"] == "facts":
            answer = facts(client, asked["path"])
        elif asked["do"] == "export":
            answer = export(client, asked["path"])
        else:
            answer = times(client, asked["path"], asked["repetitions"], asked["counts"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
