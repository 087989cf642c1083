"""An edge behind an HTTP proxy: a small real one, which connects to the tunnel's target and relays."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from enrollment.edge.cli import main
from enrollment.edge.enrolling import Options
from enrollment.edge.outcomes import Stop, TryLater, WrongUsage
from enrollment.edge.portal_url import Address, read_address
from enrollment.edge.proxy import Proxy, choose_proxy
from enrollment.edge.transport import Reply, post, trusted_servers
from tests.enrollment.edge.helpers_servers import (
    Script,
    ask,
    http,
    make_server_certificate,
    read_request,
    serving,
    tls,
)
from tests.support.live import LivePortal
from tests.support.postgresql import free_port

pytestmark = pytest.mark.once
PASSWORD = "pa ss/w%rd|é"
WRITTEN = "pa%20ss%2Fw%25rd%7C%C3%A9"
BASIC = "Basic " + base64.b64encode(f"edge:{PASSWORD}".encode()).decode()
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class RealProxy:
    """Answers CONNECT with a tunnel, or with `answer`, and stores the request heads and the relayed bytes."""

    def __init__(self, authorization: str = "", answer: bytes = b"", to: int | None = None) -> None:
        self.authorization, self.answer, self.to = authorization, answer, to
        self.heads: list[bytes] = []
        self.seen = b""

    def __call__(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        self.heads.append(head)
        if self.authorization and f"Proxy-Authorization: {self.authorization}\r\n".encode() not in head:
            connection.sendall(http(407, b"", "Proxy-Authenticate: Basic"))
        elif self.answer:
            connection.sendall(self.answer)
        else:
            host, port = head.split()[1].decode().rsplit(":", 1)
            with socket.create_connection((host.strip("[]"), self.to or int(port))) as upstream:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\nVia: small\r\n\r\n")
                back = threading.Thread(target=self._relay, args=[upstream, connection])
                back.start()
                self._relay(connection, upstream)
                back.join()

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.seen += data
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def web(tmp_path: Path) -> tuple[Path, Path]:
    return make_server_certificate(tmp_path)


def send(port: int, proxy: Proxy | None, ca: Path) -> Reply:
    return post(read_address(f"https://127.0.0.1:{port}/", insecure_http=False), b"{}", trusted_servers(ca), proxy)


@pytest.mark.parametrize("given", ["option", "HTTPS_PROXY", "https_proxy"])
def test_an_edge_enrolls_through_a_proxy_that_learns_nothing(
    portal: LivePortal, many: Path, tmp_path: Path, web: tuple[Path, Path], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, given: str,
) -> None:  # fmt: skip
    server, ca = web
    small = RealProxy(BASIC)
    with serving(tls(portal.port, server)) as port, serving(small) as through:
        line = ["--url", f"https://127.0.0.1:{port}", "--directory", str(tmp_path / "edge"), "--ca-file", str(ca)]
        line += ["--key-file", str(many)]
        address = f"http://edge:{WRITTEN}@127.0.0.1:{through}"
        if given == "option":
            line += ["--proxy", address]
        else:
            monkeypatch.setenv(given, address)
        assert main(line) == 0
    assert small.heads[0].startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode())
    assert many.read_text().strip()[30:70].encode() not in small.seen
    assert b"provisioning_key" not in small.seen
    said = capsys.readouterr()
    assert said.out.startswith("Enrolled as many-")
    assert "pa" not in said.err


def test_a_server_behind_the_proxy_that_is_not_the_portal_gets_no_key(tmp_path: Path, web: tuple[Path, Path]) -> None:
    (tmp_path / "other").mkdir()
    other, _ = make_server_certificate(tmp_path / "other")
    portal = Script(http(201))
    refused = pytest.raises(Stop, match="The key was not sent")
    with serving(portal) as inner, serving(tls(inner, other)) as port, serving(RealProxy()) as through, refused:
        send(port, Proxy("127.0.0.1", through), web[1])
    assert not portal.requests


def test_a_proxy_that_leads_elsewhere_gets_no_key(tmp_path: Path, web: tuple[Path, Path]) -> None:
    """Its own TLS server has a certificate of the same authority, for another name."""
    portal = Script(http(201))
    with serving(portal) as inner, serving(tls(inner, web[0])) as port, serving(RealProxy(to=port)) as through:
        address = Address(True, "localhost", 443, "/")
        with pytest.raises(Stop, match=r"Hostname mismatch.*The key was not sent"):
            post(address, b"{}", trusted_servers(web[1]), Proxy("127.0.0.1", through))
    assert not portal.requests


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (http(407), Stop, r"HTTP 407\)\. It asks for a user name and password"),
        (http(403, b"<h1>No</h1>"), Stop, r"HTTP 403\)\. Ask the administrator of the proxy"),
        (http(502), TryLater, r"The proxy 127\.0\.0\.1:\d+ does not connect to portal\.example\.com:443 \(HTTP 502\)"),
        (b"SSH-2.0-x\r\n", TryLater, "through the proxy .*broke off"),
        (b"HTTP/1.1 200 OK\r\n\r\nnot TLS at all, and long enough to be read", TryLater, "No answer from portal"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", TryLater, "broke off"),
        (b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n", TryLater, "broke off"),
        (b"HTTP/1.1 200 OK\r\n", TryLater, "No answer"),
    ],
)
def test_a_proxy_that_refuses_or_talks_nonsense_is_told(
    web: tuple[Path, Path], answer: bytes, kind: type[Stop], words: str
) -> None:
    address = Address(True, "portal.example.com", 443, "/")
    with serving(RealProxy(answer=answer)) as through, pytest.raises(kind, match=words) as stop:
        post(address, b"{}", trusted_servers(web[1]), Proxy("127.0.0.1", through, BASIC))
    assert stop.value.waited_out
    assert "Basic" not in str(stop.value)


def test_a_proxy_that_is_away_or_silent_is_a_reason_to_try_later(
    web: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TryLater, match=r"through the proxy 127\.0\.0\.1:\d+: Connection refused"):
        send(1, Proxy("127.0.0.1", free_port()), web[1])
    monkeypatch.setattr("enrollment.edge.transport.TOTAL_SECONDS", 0.3)
    with serving(lambda connection: connection.recv(1) and None) as through, pytest.raises(TryLater):
        send(1, Proxy("127.0.0.1", through), web[1])


def chosen(
    url: str = "https://portal.example.com", given: str | None = None, *, insecure: bool = False
) -> Proxy | None:
    return choose_proxy(read_address(url, insecure_http=True), given, insecure_http=insecure)


@pytest.mark.parametrize(
    ("url", "except_for", "used"),
    [
        ("https://portal.example.com", "", True),
        ("https://portal.example.com", "portal.example.com", False),
        ("https://portal.example.com", "example.com", False),
        ("https://portal.example.com", "other.org, .example.com", False),
        ("https://portal.example.com", "ample.com", True),
        ("https://portal.example.com", "other.org, *.example.com", False),
        ("https://portal.example.com", "*.ample.com", True),
        ("https://portal.example.com", "*", False),
        ("https://portal.example.com:8443", "portal.example.com:443", True),
        ("https://portal.example.com:8443", "portal.example.com:8443", False),
        ("https://10.1.2.3", "10.0.0.0/8", False),
        ("https://11.1.2.3", "10.0.0.0/8,nonsense/99", True),
        ("https://[2001:db8::5]", "2001:db8::/32", False),
        ("https://[2001:db8::5]", "[2001:db8::5]", False),
        ("https://127.0.0.1", "localhost", True),
        ("http://127.0.0.1", "", False),
    ],
)
def test_the_environment_names_the_proxy_for_https_alone(
    monkeypatch: pytest.MonkeyPatch, url: str, except_for: str, used: bool
) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", except_for)
    assert chosen(url) == (Proxy("proxy.example.com", 3128) if used else None)


def test_the_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example.com:1")
    monkeypatch.setenv("NO_PROXY", "*")
    assert chosen(given="proxy.example.com:8080") == Proxy("proxy.example.com", 8080)
    assert chosen(given="http://[2001:db8::1]:8080/") == Proxy("2001:db8::1", 8080)
    monkeypatch.delenv("NO_PROXY")
    assert chosen(given="") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("socks5://edge:secret@proxy.example.com:1080", "no other type is supported"),
        ("https://edge:secret@proxy.example.com", "no other type is supported"),
        ("http://edge:secret@:3128", "not the address of a proxy"),
        ("http://edge:secret@proxy.example.com:99999", "not the address of a proxy"),
        ("http://edge:secret@proxy.example.com:x", "not the address of a proxy"),
        ("http://edge:secret@proxy.example.com/path", "not the address of a proxy"),
        ("http://edge:secret@proxy example.com", "not the address of a proxy"),
        ("http://edge:secret@[::1", "not the address of a proxy"),
        ("secret\r\nX: y", "not the address of a proxy"),
    ],
)
def test_what_is_no_http_proxy_is_wrong_usage_and_not_repeated(text: str, words: str) -> None:
    with pytest.raises(WrongUsage, match=words) as stop:
        chosen(given=text)
    assert "secret" not in str(stop.value)


def test_a_password_is_in_no_repr() -> None:
    proxy = chosen(given=f"http://edge:{WRITTEN}@proxy.example.com:1")
    assert proxy
    assert proxy.headers == {"Proxy-Authorization": BASIC}
    options = Options("https://portal.example.com", Path("edge"), proxy=f"http://edge:{WRITTEN}@proxy.example.com:1")
    for shown in (repr(proxy), str(proxy), repr(options)):
        assert "Basic" not in shown
        assert WRITTEN not in shown


def test_over_http_the_key_goes_through_a_proxy_only_on_request(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"reach the proxy in clear text.*--insecure-http"):
        chosen("http://127.0.0.1", "http://proxy.example.com:3128")
    portal = Script(http(200, b"body"))

    def forward(connection: socket.socket) -> None:
        request = read_request(connection)
        heads.append(request)
        connection.sendall(ask(port, request))

    heads: list[bytes] = []
    with serving(portal) as port, serving(forward) as through:
        proxy = chosen("http://portal.example.com", f"http://edge:{WRITTEN}@127.0.0.1:{through}", insecure=True)
        address = read_address("http://portal.example.com", insecure_http=True)
        assert post(address, b"{}", None, proxy).body == b"body"
    assert heads[0].startswith(b"POST http://portal.example.com:80/enrollment/v1/enroll HTTP/1.1\r\n")
    assert f"Proxy-Authorization: {BASIC}\r\n".encode() in heads[0]
    assert b"\r\nHost: portal.example.com:80\r\n" in heads[0]
