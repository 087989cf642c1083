"""The edge renews when due, loses nothing when it is killed, and sends heartbeats with --watch."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from enrollment.edge.directory_state import inspect
from enrollment.edge.key_pair import make_key_pair, to_pem
from enrollment.edge.store import EdgeDirectory
from tests.enrollment.edge.helpers import WHOLE, command, make_key, modes, run_edge, uses
from tests.enrollment.edge.helpers_old_edges import make_aged
from tests.enrollment.edge.helpers_servers import ask, http, read_request, serving
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


@pytest.mark.parametrize("options", [[], ["--keep-key-pair"]])
def test_killed_before_each_step_of_a_renewal_a_second_run_finishes(
    portal: LivePortal, many: Path, tmp_path: Path, options: list[str]
) -> None:
    directories = [tmp_path / str(number + 1) for number in range(ENOUGH)]
    make_aged(portal, many, directories)
    keys = {directory.name: (directory / "key.pem").read_bytes() for directory in directories}
    line = [*CRASHER, portal.url, many, tmp_path, *options]
    steps = json.loads(subprocess.check_output(line, cwd=ROOT, timeout=90))
    assert len(steps) < ENOUGH
    assert {step["again"] for step in steps} == {0}
    died_at = " ".join(step["step"] for step in steps)
    for moment in ("http.client.send", "next-key.pem", "next-answer.json", ".key.pem.new", ".certificate.pem.new"):
        assert moment in died_at
    for name in (WHOLE - {".lock"}) | {"next-key.pem", "next-answer.json"}:
        assert any(step["step"].startswith("os.rename") and f".{name}.new" in step["step"] for step in steps), name
    for directory in directories[: len(steps)]:
        assert ((directory / "key.pem").read_bytes() == keys[directory.name]) == bool(options)
        found = inspect(EdgeDirectory(directory), datetime.now(UTC), print).certificate
        assert found is not None
        assert set(modes(directory)) == WHOLE
        # The portal's only renewal is the one in the directory.
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
        f"edge.enabled = {each}; edit_edge(edge, fields=['enabled'], actor=for_command('test'))"
        for each in (False, True)
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


def test_a_renewal_that_was_begun_goes_on_with_its_own_key_pair(portal: LivePortal, aged: Path) -> None:
    begun = make_key_pair()
    EdgeDirectory(aged).write("next-key.pem", to_pem(begun))
    assert run_edge(portal.url, aged, "--keep-key-pair").returncode == 0
    assert (aged / "key.pem").read_bytes() == to_pem(begun)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"answer": 1}', b'{"answer": "{}", "url": "x"}'])
def test_a_damaged_answer_that_waits_is_asked_for_again(portal: LivePortal, aged: Path, content: bytes) -> None:
    EdgeDirectory(aged).write("next-answer.json", content)
    result = run_edge(portal.url, aged)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Renewed")
    assert set(modes(aged)) == WHOLE


def test_a_portal_that_finds_the_renewal_too_early_is_right(portal: LivePortal, many: Path, tmp_path: Path) -> None:
    directory = tmp_path / "edge"
    assert run_edge(portal.url, directory, "--key-file", many).returncode == 0
    # As if the clock were far ahead, or the file damaged.
    (directory / "edge.json").write_text("{}")
    result = run_edge(portal.url, directory)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Already enrolled")


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


@contextmanager
def watching(portal_url: str, directory: Path) -> Iterator[subprocess.Popen[str]]:
    line = command(portal_url, directory, "--watch", "--heartbeat-seconds", "1")
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"It ended without saying {words!r}.")


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=10)
    return process.returncode, said


def heard(portal: LivePortal, name: str) -> object:
    return query(portal, "SELECT last_contact_at FROM enrollment_serviceedge WHERE name = ?", name)[0][0]


def wait_until_heard(portal: LivePortal, name: str, before: object) -> None:
    deadline = time.monotonic() + 60
    while heard(portal, name) == before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert heard(portal, name) != before


def test_watching_outlives_a_portal_that_is_away(portal: LivePortal, aged: Path) -> None:
    name = json.loads((aged / "edge.json").read_text())["edge"]["name"]
    back = threading.Event()

    def door(connection: socket.socket) -> None:
        request = read_request(connection)
        connection.sendall(ask(portal.port, request) if back.is_set() else http(502, b"<h1>Bad gateway</h1>"))

    with serving(door) as port, watching(f"http://127.0.0.1:{port}", aged) as process:
        wait_for(process, "HTTP 502 without a reason that this program knows. Check --url. Waiting.")
        before = heard(portal, name)
        back.set()
        wait_until_heard(portal, name, before)
        assert end(process)[0] == 0


def test_watching_outlives_being_disabled(portal: LivePortal, aged: Path) -> None:
    assert run_edge(portal.url, aged).returncode == 0
    name = json.loads((aged / "edge.json").read_text())["edge"]["name"]
    set_enabled = "edge.enabled = {}; edit_edge(edge, fields=['enabled'], actor=for_command('test'))"
    manage_edges(portal, set_enabled.format(False), name)
    with watching(portal.url, aged) as process:
        wait_for(process, "edge_disabled (HTTP 403)")
        before = heard(portal, name)
        manage_edges(portal, set_enabled.format(True), name)
        wait_until_heard(portal, name, before)
        assert end(process)[0] == 0


def test_watching_ends_at_sigterm_while_it_waits_for_an_answer(aged: Path) -> None:
    asked = threading.Event()

    def silent(connection: socket.socket) -> None:
        read_request(connection)
        asked.set()
        connection.recv(1)

    with serving(silent) as port, watching(f"http://127.0.0.1:{port}", aged) as process:
        assert asked.wait(30)
        assert end(process) == (0, "")


def test_watching_goes_on_saying_that_the_edge_is_revoked_and_one_run_ends(portal: LivePortal, aged: Path) -> None:
    name = json.loads((aged / "edge.json").read_text())["edge"]["name"]
    manage_edges(portal, "delete_edge(edge, actor=for_command('test'))", name)
    result = run_edge(portal.url, aged)
    assert result.returncode == 1
    assert "certificate_revoked (HTTP 403)" in result.stderr
    with watching(portal.url, aged) as process:
        for _ in range(2):
            wait_for(process, "certificate_revoked (HTTP 403)")
        assert end(process)[0] == 0
