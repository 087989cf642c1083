"""What a portal holds in memory: PSS of gunicorn's master and four workers, idle and after use, and while many sign in.

PSS (proportional set size, proc(5)) counts a page that n processes share 1/n to each, so the sum is what the machine
spends on the portal.
"""

from __future__ import annotations

import itertools
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench import load
from tests.bench.report import Goal, Row
from tests.support.count_on_page import signed_in
from tests.support.live import PASSWORD, LivePortal
from tests.support.signing_in import guess

WORKERS, ENROLLMENTS, PAGES = 4, 300, 100
GOAL = Goal(200, 150)
STRANGERS = 32
_VISITED = (
    "service-edge-keys/", "service-edge-keys/1/", "service-edge-keys/add/", "service-edge-keys/5/edit/",
    "service-edges/", "service-edges/1/", "enrollment-certificates/", "enrollment-certificates/1/",
    "enrollment-certificates/add/upload/", "preferences/", "admin/", "admin/portal/auditevent/",
    "admin/auth/user/", "metrics", "readyz",
)  # fmt: skip


def rows() -> list[Row]:
    """The memory at rest, and after 300 enrollments and 100 pages."""
    with LivePortal(demo=True, workers=WORKERS) as portal:
        idle = _idle(portal.process.pid)
        _use(portal)
        used = _mebibytes(portal.process.pid)
    what = f"memory, master and {WORKERS} workers, {{}}"
    after = f"after {ENROLLMENTS} enrollments and {PAGES} pages"
    return [
        Row(what.format(when), f"{sum(found):.0f} MiB", " + ".join(f"{one:.0f}" for one in found), sum(found), goal)
        for when, found, goal in (("idle", idle, None), (after, used, GOAL))
    ] + [_signing_in()]


def _signing_in() -> Row:
    """What `make run` takes beyond its memory at rest while 32 strangers sign in at once: the peak, read each 10 ms."""
    with LivePortal() as portal, ThreadPoolExecutor(STRANGERS) as pool:
        guess(portal.url, "admin", password=PASSWORD)
        peak = idle = sum(_mebibytes(portal.process.pid))
        guesses = [pool.submit(guess, portal.url, f"stranger{number}", number) for number in range(STRANGERS)]
        while not all(each.done() for each in guesses):
            peak = max(peak, sum(_mebibytes(portal.process.pid)))
            time.sleep(0.01)
        if any(each.result()[0] != 200 for each in guesses):
            raise RuntimeError(f"not every sign-in was judged: {[each.result()[0] for each in guesses]}")
    what = f"memory beyond idle, {STRANGERS} strangers sign in at once, 2 workers"
    return Row(what, f"{peak - idle:.0f} MiB", f"idle {idle:.0f} MiB", peak - idle, Goal(200, 100))


def _idle(master: int) -> list[float]:
    """The memory once all workers run; the first of them may have answered alone."""
    while len(_mebibytes(master)) <= WORKERS:
        time.sleep(0.2)
    time.sleep(1)
    return _mebibytes(master)


def _use(portal: LivePortal) -> None:
    arguments = ("--name", "memory", "--group", "Bench", "--max-uses", str(ENROLLMENTS))
    key_text = portal.manage("create_key", *arguments).strip()
    requests = (load.post(portal.port, "/enrollment/v1/enroll", body) for body in load.bodies(key_text, ENROLLMENTS))
    outcome = load.run(portal.port, requests, clients=8, seconds=600)
    if outcome.statuses != {201: ENROLLMENTS}:
        raise RuntimeError(f"not every answer was 201: {dict(outcome.statuses)}")
    browser = signed_in(portal.url, "admin", PASSWORD)
    for path in itertools.islice(itertools.cycle(_VISITED), PAGES):
        browser.open(f"{portal.url}/{path}").read()


def _mebibytes(master: int) -> list[float]:
    """PSS of the master and of each worker, in MiB."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [_pss(Path(f"/proc/{process}/smaps_rollup").read_text()) for process in (str(master), *children)]


def _pss(rollup: str) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB$", rollup, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
