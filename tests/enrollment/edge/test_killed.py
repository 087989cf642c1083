"""Across modules: after kill -9 at any moment a second run finishes, and the key has lost one use.

The whole program runs, killed at each of its steps.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from enrollment.edge.directory_state import inspect
from enrollment.edge.store import EdgeDirectory
from tests.enrollment.edge.helpers import WHOLE, command, make_key, modes, run_edge, uses
from tests.support.live import ROOT, LivePortal

pytestmark = pytest.mark.once

CRASHER = [sys.executable, "-m", "tests.enrollment.edge.helpers_crash"]


def is_whole(directory: Path) -> bool:
    return inspect(EdgeDirectory(directory), datetime.now(UTC), print).certificate is not None


def test_killed_before_each_step_a_second_run_finishes(portal: LivePortal, many: Path, tmp_path: Path) -> None:
    before = uses(portal, "many")
    steps = json.loads(subprocess.check_output([*CRASHER, portal.url, many, tmp_path], cwd=ROOT, timeout=90))
    assert {step["again"] for step in steps} == {0}
    # One use for each directory, however often its edge was killed.
    assert uses(portal, "many") == before + len(steps)
    # The certificate never exists before the other files, and every important moment was among the steps.
    enrolled = [step["left"] for step in steps if "certificate.pem" in step["left"]]
    assert enrolled
    assert all(set(left) >= WHOLE for left in enrolled)
    died_at = " ".join(step["step"] for step in steps)
    for moment in ("socket.connect", "http.client.send", "os.rename", ".key.pem.new", ".certificate.pem.new"):
        assert moment in died_at
    # Between flushing a file and renaming it, for each file.
    for name in WHOLE - {".lock"}:
        assert any(step["step"].startswith("os.rename") and f".{name}.new" in step["step"] for step in steps), name
    for directory in tmp_path.iterdir():
        assert is_whole(directory)
        assert set(modes(directory).values()) == {"0o600"}


def test_killed_at_random_moments_a_key_for_one_edge_admits_it(portal: LivePortal, many: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    subprocess.run(command(portal.url, tmp_path / "measured", "--key-file", many), cwd=ROOT, check=True)
    usual = time.monotonic() - began
    key = make_key(portal, "killed", tmp_path / "killed.txt", 1)
    directory = tmp_path / "edge"
    begun = False
    for _ in range(20):
        process = subprocess.Popen(command(portal.url, directory, "--key-file", key), cwd=ROOT)
        time.sleep(random.uniform(0.4, 1.1) * usual)
        process.kill()
        assert process.wait() in {0, -9}
        begun = begun or (directory / "key.pem").exists()
        # A machine that became busy gets to the same steps later.
        usual *= 1 if begun else 1.2
        if (directory / "certificate.pem").exists():
            assert is_whole(directory)
            # As if killed just before, so that the next round has work to do.
            (directory / "certificate.pem").unlink()
    assert begun
    assert run_edge(portal.url, directory, "--key-file", key).returncode == 0
    assert is_whole(directory)
    assert uses(portal, "killed") == 1
