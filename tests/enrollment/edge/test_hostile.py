"""Across modules: nothing that a server sends ends the watch of an enrolled edge, and nothing of the key is printed.

Reading the connection, reading the answer, and the watch each prevent a part of that.
"""

from __future__ import annotations

import base64
import datetime as dates
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock
from urllib.parse import quote

import pytest

from enrollment.edge import renewing, transport, watching
from enrollment.edge.cli import main
from enrollment.edge.enrolling import Options
from enrollment.edge.outcomes import Stop
from enrollment.edge.pem import read_certificate
from enrollment.edge.portal_url import read_address
from enrollment.edge.printable import name_of
from enrollment.edge.store import EdgeDirectory
from keys.crypto import tokens
from tests.enrollment.edge.helpers_servers import Script, http, read_request, serving
from tests.fuzz import answers, campaigns

pytestmark = pytest.mark.once
SEED = 20261129


@pytest.fixture
def edge(tmp_path: Path) -> answers.Edge:
    return answers.Edge(tmp_path)


@pytest.fixture
def show(edge: answers.Edge) -> Iterator[Callable[[bytes], str]]:
    with answers.watched(edge) as shown:
        yield shown


def chunked(size: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\nbody\r\n0\r\n\r\n"


@pytest.mark.parametrize("size", [b"-5", b"-1", b"FFFFFFFFFFFFFFFFFF", b"zz", b"", b"9" * 70_000])
def test_a_chunk_of_a_strange_size_is_waited_out(show: Callable[[bytes], str], size: bytes) -> None:
    assert show(chunked(size)) == "waits"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_an_answer_in_another_encoding_ends_nothing(
    edge: answers.Edge, show: Callable[[bytes], str], encoding: str
) -> None:
    assert show(http(201, json.dumps(edge.document).encode(encoding))) in {"renewed", "waits"}


def test_mutated_answers_end_nothing_and_damage_nothing() -> None:
    with answers.attempts() as attempts:
        report = campaigns.campaign("answers", SEED, 1_000, attempts["answers"])
    # Good ones are accepted, so the others are refused for their fault.
    assert set(report.outcomes) == {"waits", "renewed", "goes on"}
    assert report.outcomes["waits"] > 700


def test_a_connection_closed_at_any_byte_is_waited_out(edge: answers.Edge, show: Callable[[bytes], str]) -> None:
    whole = http(201, json.dumps(edge.document).encode())
    for cut in (*range(140), *range(140, len(whole), 97)):
        assert show(whole[:cut]) == "waits"


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b""]
)
def test_a_server_that_never_comes_to_an_end_is_left_in_time(
    edge: answers.Edge, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.3)
    nap = time.sleep

    def drip(connection: socket.socket) -> None:
        read_request(connection)
        while True:
            connection.sendall(start or b"H")
            nap(0.02)

    began, warnings = time.monotonic(), list[str]()
    with serving(drip) as port, answers.ended_after_one_round(), mock.patch("enrollment.edge.retries._PAUSES", ()):
        watching.watch(Options(f"http://127.0.0.1:{port}", edge.path), print, warnings.append)
    assert time.monotonic() - began < 3
    assert warnings[-1].endswith("it took too long. Waiting.")


def test_a_tls_handshake_that_drips_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.3)
    nap = time.sleep

    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        for byte in b"\x16\x03\x03\x40\x00" + bytes(9999):
            connection.sendall(bytes([byte]))
            nap(0.05)

    began = time.monotonic()
    with serving(drip) as port, pytest.raises(Stop, match="took too long"):
        transport.post(read_address(f"https://127.0.0.1:{port}", insecure_http=False), b"", None)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "trouble", [ValueError("x"), MemoryError(), RecursionError(), type("Panic", (BaseException,), {})()]
)
def test_what_nobody_thought_of_is_waited_out_and_names_its_place(
    edge: answers.Edge, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    def fail(*_: object) -> str:
        raise trouble

    monkeypatch.setattr(watching.enrolling, "enroll", fail)
    warnings: list[str] = []
    with answers.ended_after_one_round():
        watching.watch(Options("http://127.0.0.1", edge.path), print, warnings.append)
    assert warnings[0].startswith(f"Unexpected trouble: {type(trouble).__name__} at test_hostile.py:")


def test_a_result_is_printed_once_while_heartbeats_fail(edge: answers.Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = iter([None] * 3)

    def pause(seconds: float) -> None:
        if next(pauses, "over") == "over":
            raise watching._Ended

    monkeypatch.setattr(time, "sleep", pause)
    monkeypatch.setattr("enrollment.edge.retries._PAUSES", ())
    results: list[str] = []
    warnings: list[str] = []
    watching.watch(Options("http://127.0.0.1:1", edge.calm), results.append, warnings.append)
    assert (len(results), len(warnings)) == (1, 4)


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    program = "from enrollment.edge import cli; cli._print_error('x'); cli._print_result('y')"
    with open("/dev/full", "w") as full:
        result = subprocess.run([sys.executable, "-u", "-c", program], stdout=full, stderr=full)
    assert result.returncode == 0


@pytest.mark.parametrize(("days", "due"), [(50, False), (70, True)])
def test_a_portal_cannot_put_a_renewal_off_beyond_the_certificate(edge: answers.Edge, days: int, due: bool) -> None:
    """The calm edge's renew_after is in 2199; its certificate is valid for 90 days."""
    directory = EdgeDirectory(edge.calm)
    with directory.locked():
        certificate = read_certificate(directory.read("certificate.pem") or b"")
        moment = dates.datetime.now(dates.UTC) + dates.timedelta(days=days)
        assert (moment >= renewing._due(directory, certificate)) == due


@pytest.mark.parametrize("days", [-400, 400, 4000])
def test_a_clock_that_jumps_ends_nothing(
    edge: answers.Edge, show: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    class Jumped(dates.datetime):
        @classmethod
        def now(cls, tz: dates.tzinfo | None = None) -> dates.datetime:
            return dates.datetime.now(tz) + dates.timedelta(days=days)

    for module in ("enrolling", "renewing", "watching"):
        monkeypatch.setattr(f"enrollment.edge.{module}.datetime", Jumped)
    assert show(http(204)) == "waits"


TOKEN = tokens.mint("api.private.example.com", b"p" * 32)
BLOB = TOKEN.text.rpartition("|")[2]


def pieces(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


def refused(detail: str, **members: str) -> bytes:
    return http(403, json.dumps({"code": "key_disabled", "detail": detail, **members}).encode())


def escaped(text: str) -> bytes:
    body = '{"code": "key_disabled", "detail": "' + "".join(f"\\u{ord(each):04x}" for each in text) + '"}'
    return http(403, body.encode())


def echoes() -> dict[str, bytes]:
    again, percent = base64.b64encode(TOKEN.text.encode()).decode(), "".join(f"%{ord(each):02x}" for each in BLOB)
    found = {f"pieces of {n}": refused(" ".join(pieces(BLOB, n))) for n in (1, 2, 3, 5, 8, 12, 20, 39)}
    found |= {f"pieces of {n} between words": refused(" and ".join(pieces(BLOB, n))) for n in (3, 6, 20)}
    return found | {
        "whole": refused(TOKEN.text),
        "reversed": refused(" ".join(pieces(BLOB[::-1], 12))),
        "pieces in reversed order": refused(" ".join(reversed(pieces(BLOB, 20)))),
        "base64": refused(" ".join(pieces(again, 30))),
        "percent": refused(" ".join(pieces(percent, 39))),
        "quoted": refused(quote(TOKEN.text)),
        "hexadecimal": refused(" ".join(pieces(BLOB.encode().hex(), 30))),
        "hexadecimal bytes": refused("No.", request_id=base64.b64decode(BLOB).hex()[38:70]),
        "JSON escapes": escaped(" ".join(pieces(BLOB, 30))),
        "request id": refused("No.", request_id=BLOB[30:60]),
        "across fields": http(
            403, json.dumps({"code": BLOB[25:55], "detail": BLOB[55:85], "request_id": BLOB[85:115]}).encode()
        ),
        "code": http(403, json.dumps({"code": BLOB[25:55], "detail": "No."}).encode()),
        "title": http(403, json.dumps({"code": "key_disabled", "detail": "No.", "title": BLOB}).encode()),
        "redirect": http(302, b"", f"Location: https://{BLOB[25:55]}.example/{BLOB[55:85]}?{BLOB[85:115]}"),
        "status line": http(403).replace(b"Word", BLOB.encode()),
        "header": http(503, b"", f"Retry-After: {BLOB[30:60]}"),
    }  # fmt: skip


@pytest.mark.parametrize("how", sorted(echoes()))
def test_a_server_that_repeats_the_key_does_not_get_it_printed(
    how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    (tmp_path / "key.txt").touch(0o600)
    (tmp_path / "key.txt").write_text(TOKEN.text)
    script = Script(echoes()[how])
    with serving(script) as port:
        line = ["--url", f"http://127.0.0.1:{port}", "--directory", str(tmp_path / "edge")]
        assert main([*line, "--key-file", str(tmp_path / "key.txt")]) in {1, 75}
    assert TOKEN.text.encode() in script.requests[0]
    said = capsys.readouterr()
    require_nothing_of_the_key(said.out + said.err)


def require_nothing_of_the_key(said: str) -> None:
    squeezed = "".join(each for each in said if each.isalnum())
    hexadecimal, again = base64.b64decode(BLOB).hex(), base64.b64encode(TOKEN.text.encode()).decode()
    for secret in (BLOB, BLOB[::-1], hexadecimal, BLOB.encode().hex(), again):
        letters = "".join(each for each in secret if each.isalnum())
        assert not [piece for piece in (letters[at : at + 6] for at in range(len(letters) - 5)) if piece in squeezed]


@pytest.mark.parametrize("member", ["name", "group"])
def test_a_name_that_holds_the_key_is_not_printed(member: str) -> None:
    for name in (BLOB, " ".join(pieces(BLOB, 12)), BLOB[::-1][:40], BLOB[40:50]):
        assert name_of(name, TOKEN.text) == "..."
    for name in ("Branch Office Köln-3", "東京", "x" * 30):
        assert name_of(name, TOKEN.text) == name
