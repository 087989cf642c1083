"""An edge and a real portal, from the first request to the last refusal."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography import x509

from enrollment.edge import retries
from enrollment.edge.cli import main
from tests.enrollment.edge.helpers import WHOLE, command, forged, make_key, modes, run_edge, uses
from tests.enrollment.edge.helpers_servers import (
    Script,
    ask,
    http,
    make_server_certificate,
    read_request,
    serving,
    swallowing,
    tls,
)
from tests.support.live import ROOT, LivePortal

pytestmark = pytest.mark.once

UNFINISHED = {".lock", "key.pem"}


def enroll(url: str, directory: Path, key: Path, *more: str) -> int:
    return main(["--url", url, "--directory", str(directory), "--key-file", str(key), *more])


def test_an_edge_enrolls_once(portal: LivePortal, many: Path, tmp_path: Path) -> None:
    directory = tmp_path / "edge"
    before = uses(portal, "many")
    result = run_edge(portal.url, directory, "--key-file", many)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Enrolled as many-")
    assert modes(directory) == dict.fromkeys(WHOLE, "0o600")
    assert oct(directory.stat().st_mode & 0o777) == "0o700"
    # The key is not needed any more.
    again = run_edge(portal.url, directory, "--key-file", tmp_path / "removed")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("Already enrolled")
    assert uses(portal, "many") == before + 1


def test_the_files_are_what_openssl_and_scripts_expect(portal: LivePortal, many: Path, tmp_path: Path) -> None:
    assert enroll(portal.url, tmp_path, many) == 0
    edge = json.loads((tmp_path / "edge.json").read_text())
    certificate = x509.load_pem_x509_certificate((tmp_path / "certificate.pem").read_bytes())
    assert certificate.subject.rfc4514_string().startswith(f"CN={edge['edge']['id']},")
    assert edge["edge"]["group"] == "Berlin"
    assert edge["portal"] == portal.url
    assert edge["not_after"] == f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert edge["renew_after"] < edge["not_after"]
    verify = ["openssl", "verify", "-CAfile", "trust-anchor.pem", "-untrusted", "chain.pem", "certificate.pem"]
    assert subprocess.run(verify, cwd=tmp_path, capture_output=True, text=True).stdout == "certificate.pem: OK\n"


def test_a_name_that_the_terminal_cannot_show_is_no_failure(portal: LivePortal, tmp_path: Path) -> None:
    (tmp_path / "key.txt").touch(mode=0o600)
    (tmp_path / "key.txt").write_text(portal.manage("create_key", "--name", "Zweigstelle", "--group", "\u6771\u4eac"))
    line = command(portal.url, tmp_path / "edge", "--key-file", tmp_path / "key.txt")
    ascii_only = os.environ | {"PYTHONIOENCODING": "ascii:strict"}
    result = subprocess.run(line, cwd=ROOT, env=ascii_only, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert "in group \\u6771\\u4eac;" in result.stdout


def test_two_at_once_in_one_directory_are_one_edge(portal: LivePortal, many: Path, tmp_path: Path) -> None:
    before = uses(portal, "many")
    line = command(portal.url, tmp_path / "edge", "--key-file", many)
    running = [subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = sorted(process.communicate()[0].split()[0] for process in running)
    assert [process.returncode for process in running] == [0] * 4
    assert said == ["Already"] * 3 + ["Enrolled"]
    assert uses(portal, "many") == before + 1


def test_a_damaged_directory_is_repaired_at_no_cost(portal: LivePortal, many: Path, tmp_path: Path) -> None:
    assert enroll(portal.url, tmp_path, many) == 0
    before = uses(portal, "many")
    whole = {name: (tmp_path / name).read_bytes() for name in WHOLE}
    (tmp_path / "certificate.pem").write_bytes(whole["certificate.pem"][:99])
    (tmp_path / "chain.pem").unlink()
    assert enroll(portal.url, tmp_path, many) == 0
    assert {name: (tmp_path / name).read_bytes() for name in WHOLE} == whole
    assert uses(portal, "many") == before


def test_a_lost_answer_costs_one_use_and_a_used_up_key_is_told(portal: LivePortal, tmp_path: Path) -> None:
    key = make_key(portal, "once", tmp_path / "once.txt", 1)
    committed = threading.Event()
    with serving(swallowing(portal.port, committed)) as port:
        line = command(f"http://127.0.0.1:{port}", tmp_path / "edge", "--key-file", key)
        client = subprocess.Popen(line, cwd=ROOT)
        assert committed.wait(30)
        client.kill()
        assert client.wait() == -9
    assert set(modes(tmp_path / "edge")) == UNFINISHED
    assert uses(portal, "once") == 1
    assert run_edge(portal.url, tmp_path / "edge", "--key-file", key).returncode == 0
    assert set(modes(tmp_path / "edge")) == WHOLE
    assert uses(portal, "once") == 1
    refused = run_edge(portal.url, tmp_path / "other", "--key-file", key)
    assert refused.returncode == 1
    assert "key_exhausted (HTTP 403): All uses of the key are taken." in refused.stderr
    assert set(modes(tmp_path / "other")) == UNFINISHED


@pytest.mark.parametrize(
    ("part", "code"),
    [({"secret": b"s" * 32}, "invalid_provisioning_key"), ({"public_id": b"i" * 16}, "invalid_provisioning_key"),
     ({"domain": "other.example.com"}, "wrong_cloud")],
)  # fmt: skip
def test_a_key_that_the_portal_does_not_know_is_refused(
    portal: LivePortal, many: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], part: dict, code: str
) -> None:
    key = tmp_path / "key.txt"
    key.write_text(forged(many.read_text(), **part))
    assert enroll(portal.url, tmp_path / "edge", key) == 1
    assert f"{code} (HTTP 4" in capsys.readouterr().err
    assert set(modes(tmp_path / "edge")) == UNFINISHED


def test_a_portal_with_another_root_is_not_believed(
    portal: LivePortal, many: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key.txt"
    key.write_text(forged(many.read_text(), pin=b"p" * 32))
    before = uses(portal, "many")
    assert enroll(portal.url, tmp_path / "edge", key) == 1
    said = capsys.readouterr().err
    assert "trust_anchor_mismatch (HTTP 409)" in said
    assert "trust anchor is not the one" in said
    # The request names the root, so that no use is spent on an answer that the edge would refuse.
    assert uses(portal, "many") == before
    assert set(modes(tmp_path / "edge")) == UNFINISHED


def test_the_key_pair_of_another_edge_is_refused(
    portal: LivePortal, many: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_key(portal, "other", tmp_path / "other.txt", 1)
    assert enroll(portal.url, tmp_path / "edge", many) == 0
    (tmp_path / "edge" / "certificate.pem").unlink()
    assert enroll(portal.url, tmp_path / "edge", other) == 1
    assert "public_key_in_use (HTTP 409)" in capsys.readouterr().err
    assert uses(portal, "other") == 0


def test_over_https_the_server_must_be_of_a_known_authority(
    portal: LivePortal, many: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server, ca = make_server_certificate(tmp_path)
    before = uses(portal, "many")
    with serving(tls(portal.port, server)) as port:
        url = f"https://127.0.0.1:{port}"
        assert enroll(url, tmp_path / "edge", many) == 1
        assert "name the authority that signed it with --ca-file" in capsys.readouterr().err
        assert uses(portal, "many") == before
        assert enroll(url, tmp_path / "edge", many, "--ca-file", str(ca)) == 0
    assert uses(portal, "many") == before + 1


def test_a_busy_portal_is_asked_again_within_the_run(
    portal: LivePortal, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(retries.time, "sleep", pauses.append)
    requests: list[bytes] = []

    def busy_twice(connection: socket.socket) -> None:
        requests.append(read_request(connection))
        busy = [http(503, b"", "Retry-After: 5"), http(502)][len(requests) - 1 : len(requests)]
        connection.sendall(busy[0] if busy else ask(portal.port, requests[-1]))

    with serving(busy_twice) as port:
        assert enroll(f"http://127.0.0.1:{port}", tmp_path, many) == 0
    assert len(requests) == 3
    assert len(set(requests)) == 1
    assert 5 <= pauses[0] <= 6.5
    assert 3 <= pauses[1] <= 3.9


@pytest.mark.parametrize(("status", "wait"), [(429, 3), (503, 300)])
def test_a_portal_that_asks_for_patience_is_left_at_once(
    many: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    status: int, wait: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(retries.time, "sleep", lambda seconds: None)
    script = Script(http(status, b'{"code": "a_code", "detail": "Why."}', f"Retry-After: {wait}"))
    with serving(script) as port:
        assert enroll(f"http://127.0.0.1:{port}", tmp_path, many) == 75
    assert len(script.requests) == 1
    assert f"a_code (HTTP {status}): Why. Try again in {wait} seconds" in capsys.readouterr().err
