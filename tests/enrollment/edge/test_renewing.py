"""The edge renews when due, loses nothing on the way, and stays in touch with --watch."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from enrollment.edge.inspection import inspect
from enrollment.edge.store import EdgeDirectory
from tests.enrollment.edge.helpers import WHOLE, command, make_key, modes, run_edge, uses
from tests.enrollment.edge.helpers_aged import make_aged
from tests.support.live import ROOT, LivePortal

pytestmark = pytest.mark.once
CRASHER = [sys.executable, "-m", "tests.enrollment.edge.helpers_crash"]
# More directories than a renewal has steps.
ENOUGH = 70


def certificate(directory: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / "certificate.pem").read_bytes())


def query(portal: LivePortal, statement: str, *values: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(portal.state_dir / "portal.sqlite3", timeout=20)) as database:
        return database.execute(statement, values).fetchall()


def manage_edges(portal: LivePortal, change: str, name: str) -> None:
    portal.manage(
        "shell", "--verbosity", "0", "-c",
        "from enrollment.models import *; from enrollment.operations import *; from portal.actors import for_command; "
        f"edge = ServiceEdge.objects.get(name={name!r}); {change}",
    )  # fmt: skip


@pytest.fixture
def aged(portal: LivePortal, many: Path, tmp_path: Path) -> Path:
    make_aged(portal, many, [tmp_path / "edge"])
    return tmp_path / "edge"


def test_a_due_certificate_is_renewed_with_a_new_key_pair_at_no_use(portal: LivePortal, aged: Path) -> None:
    before, old, key = uses(portal, "many"), certificate(aged), (aged / "key.pem").read_bytes()
    result = run_edge(portal.url, aged)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Renewed: the certificate is valid until ")
    new = certificate(aged)
    assert (new.subject, new.not_valid_after_utc > old.not_valid_after_utc) == (old.subject, True)
    assert (aged / "key.pem").read_bytes() != key
    assert set(modes(aged)) == WHOLE
    assert set(modes(aged).values()) == {"0o600"}
    assert uses(portal, "many") == before
    assert run_edge(portal.url, aged).stdout.startswith("Already enrolled")


def test_killed_before_each_step_of_a_renewal_a_second_run_finishes(
    portal: LivePortal, many: Path, tmp_path: Path
) -> None:
    directories = [tmp_path / str(number + 1) for number in range(ENOUGH)]
    make_aged(portal, many, directories)
    steps = json.loads(subprocess.check_output([*CRASHER, portal.url, many, tmp_path], cwd=ROOT, timeout=90))
    assert len(steps) < ENOUGH
    assert {step["again"] for step in steps} == {0}
    died_at = " ".join(step["step"] for step in steps)
    for moment in ("http.client.send", "next-key.pem", "next-answer.json", ".key.pem.new", ".certificate.pem.new"):
        assert moment in died_at
    for directory in directories[: len(steps)]:
        found = inspect(EdgeDirectory(directory), datetime.now(UTC), print).certificate
        assert found is not None
        assert set(modes(directory)) == WHOLE
        # The one renewal that the portal knows is the one in the directory.
        edge = found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value.replace("-", "")
        issued = query(
            portal,
            "SELECT c.serial FROM enrollment_issuedcertificate c JOIN enrollment_serviceedge e ON e.id = c.edge_id "
            "WHERE e.uuid = ? AND c.renews_id IS NOT NULL",
            edge,
        )
        assert issued == [(f"{found.serial_number:x}",)]


def test_a_renewal_that_is_refused_leaves_the_certificate_and_says_why(
    portal: LivePortal, aged: Path, tmp_path: Path
) -> None:
    name = json.loads((aged / "edge.json").read_text())["edge"]["name"]
    before = (aged / "certificate.pem").read_bytes(), (aged / "key.pem").read_bytes()
    off, on = (
        f"edge.enabled = {value}; edit_edge(edge, fields=['enabled'], actor=for_command('test'))" for value in (0, 1)
    )
    manage_edges(portal, off, name)
    result = run_edge(portal.url, aged)
    assert (result.returncode, result.stdout) == (1, "")
    assert "edge_disabled (HTTP 403)" in result.stderr
    assert ((aged / "certificate.pem").read_bytes(), (aged / "key.pem").read_bytes()) == before
    manage_edges(portal, on, name)
    assert run_edge(portal.url, aged).returncode == 0


def test_a_copy_of_the_directory_that_renews_second_is_told_so(portal: LivePortal, aged: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(aged), str(copy)], check=True)
    assert run_edge(portal.url, aged).returncode == 0
    result = run_edge(portal.url, copy)
    assert result.returncode == 1
    assert "certificate_superseded (HTTP 409)" in result.stderr
    assert "Another copy of this directory renewed first" in result.stderr


def test_without_a_portal_the_certificate_stays_and_the_exit_code_says_later(aged: Path) -> None:
    result = run_edge("http://127.0.0.1:9", aged)
    assert result.returncode == 75
    assert certificate(aged)


def test_watching_enrolls_sends_heartbeats_renews_and_ends_on_sigterm(portal: LivePortal, tmp_path: Path) -> None:
    key = make_key(portal, "watched", tmp_path / "watched.txt", 1)
    directory = tmp_path / "edge"
    make_aged(portal, key, [directory])
    process = subprocess.Popen(
        command(portal.url, directory, "--watch", "--heartbeat-seconds", "1"), cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        heard = "SELECT last_contact_at, version, addresses FROM enrollment_serviceedge WHERE key_name = 'watched'"
        seen: set[object] = set()
        deadline = time.monotonic() + 30
        while len(seen) < 3 and time.monotonic() < deadline:
            seen |= {row[0] for row in query(portal, heard)}
            time.sleep(0.2)
        # Never, and then at two moments.
        assert len(seen) == 3
        assert query(portal, heard)[0][1:] == ("enroll-edge/1", '["127.0.0.1"]')
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 0, err
    assert out.startswith("Renewed: ")
    assert "PSEK" not in out + err


def test_watching_ends_when_the_edge_is_refused_for_good(portal: LivePortal, aged: Path) -> None:
    name = json.loads((aged / "edge.json").read_text())["edge"]["name"]
    manage_edges(portal, "delete_edge(edge, actor=for_command('test'))", name)
    result = run_edge(portal.url, aged, "--watch")
    assert result.returncode == 1
    assert "certificate_revoked (HTTP 403)" in result.stderr
    assert "as a new edge" in result.stderr
