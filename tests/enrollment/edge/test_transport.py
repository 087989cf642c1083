"""One request: it is bounded in time and size, goes to the right server, and follows no redirect."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from enrollment.edge import transport
from enrollment.edge.outcomes import Stop, TryLater, WrongUsage
from enrollment.edge.portal_url import read_address
from enrollment.edge.transport import Reply, post, trusted_servers
from tests.enrollment.edge.helpers_servers import (
    Script,
    http,
    make_server_certificate,
    read_request,
    serving,
    tls,
)
from tests.support.postgresql import free_port


def send(url: str, ca_file: Path | None = None) -> Reply:
    return post(read_address(url, insecure_http=False), b'{"a": 1}', trusted_servers(ca_file))


def test_a_request_is_one_json_post() -> None:
    script = Script(http(201, b"body", "Retry-After: 7"))
    with serving(script) as port:
        assert send(f"http://127.0.0.1:{port}/") == Reply(201, b"body", 7)
    head, _, body = script.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /enrollment/v1/enroll HTTP/1.1\r\n")
    assert b"Content-Type: application/json\r\n" in head
    assert b"Authorization" not in head
    assert body == b'{"a": 1}'


def test_proxy_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with serving(Script(http(200))) as port:
        assert send(f"http://127.0.0.1:{port}/").status == 200


def test_a_redirect_is_not_followed() -> None:
    elsewhere = Script(http(201))
    with serving(elsewhere) as there, serving(Script(http(307, b"", f"Location: http://127.0.0.1:{there}/"))) as port:
        assert send(f"http://127.0.0.1:{port}/") == Reply(307, b"", location=f"http://127.0.0.1:{there}/")
    assert not elsewhere.requests


@pytest.mark.parametrize("header", ["soon", "-1", "1.5", "\u0661", "9999999", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_strange_retry_after_is_ignored(header: str) -> None:
    with serving(Script(http(503, b"", f"Retry-After: {header}"))) as port:
        assert send(f"http://127.0.0.1:{port}/").retry_after is None


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 201 O", b"SSH-2.0-x\r\n", http(201, b"body")[:-1]])
def test_a_broken_answer_is_a_reason_to_try_later(answer: bytes) -> None:
    with serving(Script(answer)) as port, pytest.raises(TryLater, match="broke off"):
        send(f"http://127.0.0.1:{port}/")


def test_a_chunked_answer_of_a_proxy_is_read_whole() -> None:
    chunked = b"HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"
    with serving(Script(chunked)) as port:
        assert send(f"http://127.0.0.1:{port}/").body == b"body"
    with serving(Script(chunked[:-9])) as port, pytest.raises(TryLater, match="broke off"):
        send(f"http://127.0.0.1:{port}/")


def test_nobody_listening_is_a_reason_to_try_later() -> None:
    with pytest.raises(TryLater, match="refused"):
        send(f"http://127.0.0.1:{free_port()}/")


@pytest.mark.parametrize("length", ["Content-Length: 99999999999", "X: y"])
def test_an_endless_answer_is_cut(length: str) -> None:
    def pour(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode())
        while True:
            connection.sendall(b"x" * 65536)

    with serving(pour) as port, pytest.raises(Stop, match="larger than any"):
        send(f"http://127.0.0.1:{port}/")


def test_a_silent_server_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "STEP_SECONDS", 0.2)
    with serving(lambda connection: time.sleep(5)) as port, pytest.raises(TryLater, match="took too long"):
        send(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_server_that_drips_is_left(monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.4)

    def drip(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(60):
            connection.sendall(b"x")
            time.sleep(0.05)

    began = time.monotonic()
    with serving(drip) as port, pytest.raises(TryLater, match="took too long"):
        send(f"http://127.0.0.1:{port}/")
    assert time.monotonic() - began < 5


def test_a_dripping_tls_server_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.5)
    server, ca = make_server_certificate(tmp_path)
    silent = serving(lambda connection: time.sleep(5))
    with silent as inner, serving(tls(inner, server)) as port, pytest.raises(TryLater, match="took too long"):
        send(f"https://127.0.0.1:{port}/", ca)


def test_https_to_a_server_of_a_known_authority_passes(tmp_path: Path) -> None:
    server, ca = make_server_certificate(tmp_path)
    with serving(Script(http(200, b"body"))) as inner, serving(tls(inner, server)) as port:
        assert send(f"https://127.0.0.1:{port}/", ca).body == b"body"


@pytest.mark.parametrize(
    ("name", "days", "knows_ca", "words"),
    [
        ("127.0.0.1", 9, False, "unable to get local issuer"),
        ("portal.example.com", 9, True, "IP address mismatch"),
        ("127.0.0.1", -1, True, "expired"),
    ],
)
def test_a_server_that_is_not_the_one_gets_no_key(
    tmp_path: Path, name: str, days: int, knows_ca: bool, words: str
) -> None:
    server, ca = make_server_certificate(tmp_path, name, days)
    portal = Script(http(201))
    with serving(portal) as inner, serving(tls(inner, server)) as port, pytest.raises(Stop, match=words) as stop:
        send(f"https://127.0.0.1:{port}/", ca if knows_ca else None)
    assert stop.value.exit_code == 1
    assert "The key was not sent" in str(stop.value)
    assert not portal.requests


def test_a_server_certificate_from_the_future_is_a_clock_to_wait_for(tmp_path: Path) -> None:
    server, ca = make_server_certificate(tmp_path, days=60)
    early = pytest.raises(TryLater, match=r"not yet valid.*The key was not sent.*Check the clock")
    with serving(Script(http(201))) as inner, serving(tls(inner, server)) as port, early as later:
        send(f"https://127.0.0.1:{port}/", ca)
    assert not later.value.soon


def test_https_to_an_http_server_is_told() -> None:
    def http_only(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(http(400))

    with serving(http_only) as port, pytest.raises(TryLater, match=r"No answer from 127\.0\.0\.1"):
        send(f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_useless_ca_file_is_wrong_usage(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(WrongUsage, match="holds no usable certificate"):
        trusted_servers(tmp_path / "ca.pem")
