"""Mutated answers of a portal, sent over a real socket to an edge that watches: nothing may end it, or damage what it
has."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import socket
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from enrollment.edge import retries, store, transport, watching
from enrollment.edge.directory_state import inspect
from enrollment.edge.enrolling import Options
from enrollment.edge.key_pair import to_pem
from enrollment.edge.placing import write_answer
from enrollment.errors import REFUSALS
from tests.enrollment.edge.helpers import Pki, make_pki
from tests.enrollment.edge.helpers_servers import read_request, serving
from tests.factories import make_private_key
from tests.fuzz import mutations
from tests.fuzz.campaigns import Attempt

_VALUES: tuple[str, ...] = (
    "null", "true", "0", "-1", "1e999", "NaN", "-Infinity", "1" * 5000, '""', '"\\ud800"', '"\\u0000"', "[]", "{}",
    '"x"', "[" * 200, '[{"a": 1}]', '"' + "x" * 9000 + '"', '"2027-13-45T99:00:00Z"', '"9999-12-31T23:59:59Z"', "1.5",
)  # fmt: skip
_STATUS_LINES = (
    b"HTTP/1.1 200", b"HTTP/1.1", b"HTTP/9.9 201 OK", b"HTTP/1.1 -1 OK", b"HTTP/1.1 99999 OK", b"HTTP/1.1 2O1 OK",
    b"HTTP/1.1 201 \xff\xfe", b"", b"\0", b"201 OK", b"HTTP/0.9", b"ICY 200 OK", b"HTTP/1.1 100 Continue",
    b"HTTP/1.1 301 Moved", b"HTTP/1.1 204 None", b"HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa1 OK", b"H" * 70_000,
)  # fmt: skip
_HEADERS = (
    b"Content-Length: -5", b"Content-Length: 99999999999999999999", b"Content-Length: 1_0", b"Content-Length: 7, 7",
    b"Content-Length: ", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Content-Encoding: gzip",
    b"Retry-After: -1", b"Retry-After: 1e9", b"Retry-After: 999999", b"Location: //\xff\xfe[::1", b"Location: http://[",
    b"no colon", b": empty", b"X: " + b"y" * 70_000, b"\r\n".join([b"A: b"] * 150), b" folded", b"X: \0\x01\xff",
    b"Connection: keep-alive", b"Content-Type: =?utf-8?q?x?=", b"Set-Cookie: a=b", b"Upgrade: h2c",
)  # fmt: skip
_CHUNK_SIZES = (b"-5", b"-1", b"FFFFFFFFFFFFFFFF", b"0x10", b"1_0", b"", b"zz", b"+5", b" 5 ", b"5;ext", b"9" * 70_000)


class Edge:
    """Two edges, one that is to renew and one that is not, and what a portal answers them."""

    def __init__(self, root: Path) -> None:
        self.pki: Pki = make_pki()
        self.key, self.next_key = make_private_key(), make_private_key()
        self.path = root / "edge"
        self.document = self.pki.document(self.next_key)
        self.first = self.pki.answer(self.key, renew_after="2020-01-01T00:00:00Z")
        self.calm = root / "calm"
        self.make()
        self.make_calm()

    def make(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        directory = store.EdgeDirectory(self.path)
        with directory.locked():
            directory.write(store.KEY, to_pem(self.key))
            directory.write(store.NEXT_KEY, to_pem(self.next_key))
            write_answer(directory, self.first, "http://127.0.0.1")

    def make_calm(self) -> None:
        """The edge that has nothing to do but to send heartbeats."""
        directory = store.EdgeDirectory(self.calm)
        with directory.locked():
            directory.write(store.KEY, to_pem(self.key))
            write_answer(directory, self.pki.answer(self.key, renew_after="2199-01-01T00:00:00Z"), "http://127.0.0.1")

    def is_whole(self, path: Path) -> bool:
        """Whether key, certificate and chain fit, which `inspect` finds."""
        directory = store.EdgeDirectory(path)
        with directory.locked():
            return inspect(directory, datetime.now(UTC), lambda message: None).certificate is not None


def random_answer(edge: Edge, chance: random.Random) -> tuple[bytes, Path]:
    """Bytes for one of the two edges: an answer or a refusal with changes of frame, syntax or content."""
    kind = chance.random()
    if kind < 0.6:
        status, body = 201, _changed_document(edge, chance)
    elif kind < 0.9:
        status, body = _problem(chance)
    else:
        status, body = 204, b""
    raw = _framed(chance, status, _changed_body(chance, body))
    return raw, edge.calm if status == 204 or chance.random() < 0.2 else edge.path


def _changed_document(edge: Edge, chance: random.Random) -> bytes:
    members = {name: json.dumps(value) for name, value in edge.document.items()}
    kind, name = chance.randrange(5), chance.choice(list(members))
    if kind == 0:
        members[name] = chance.choice(_VALUES)
    elif kind == 1:
        inner = {each: json.dumps(value) for each, value in edge.document["edge"].items()}
        inner[chance.choice(list(inner))] = chance.choice(_VALUES)
        members["edge"] = _object(inner)
    elif kind == 2:
        members[chance.choice(("certificate", "trust_anchor"))] = json.dumps(_damaged_certificate(edge, chance))
    elif kind == 3:
        count = chance.choice((0, 1, 2, 9, 10, 500))
        members["chain"] = json.dumps([_damaged_certificate(edge, chance)] * count)
    else:
        del members[name]
    return _object(members).encode()


def _object(members: dict[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in members.items()) + "}"


def _damaged_certificate(edge: Edge, chance: random.Random) -> str:
    source = chance.choice((edge.first.certificate, edge.first.trust_anchor, edge.first.chain[0]))
    return mutations.pem_of(mutations.mutated_der(chance, source.public_bytes(mutations.DER)), "CERTIFICATE")


def _problem(chance: random.Random) -> tuple[int, bytes]:
    code = chance.choice(list(REFUSALS))
    members = {"code": json.dumps(code), "detail": json.dumps(REFUSALS[code].detail), "request_id": '"r-1"'}
    if chance.random() < 0.6:
        members[chance.choice(list(members))] = chance.choice(_VALUES)
    return chance.choice((REFUSALS[code].status, 200, 201, 204, 404, 500, 503)), _object(members).encode()


def _changed_body(chance: random.Random, body: bytes) -> bytes:
    kind = chance.randrange(10)
    if kind == 0:
        return mutations.damaged_bytes(chance, body)
    if kind == 1:
        return gzip.compress(body)
    if kind == 2:
        return body.decode("utf-8", "replace").encode(chance.choice(("utf-16", "utf-32", "utf-16-be", "utf-8-sig")))
    if kind == 3:
        return chance.choice((b"[" * 100_000, b'{"a":' * 50_000, b"\xff" * 500, b"NaN", b"x" * 300_000, b"1" * 100_000))
    return body


def _framed(chance: random.Random, status: int, body: bytes) -> bytes:
    line, headers = b"HTTP/1.1 %d Word" % status, [b"Content-Length: %d" % len(body), b"Connection: close"]
    kind = chance.randrange(8)
    if kind == 0:
        line = chance.choice(_STATUS_LINES)
    elif kind == 1:
        headers.insert(chance.randrange(3), chance.choice(_HEADERS))
    elif kind == 2:
        headers[0] = chance.choice(_HEADERS)
    elif kind == 3:
        headers[0] = b"Transfer-Encoding: chunked"
        size = chance.choice((*_CHUNK_SIZES, b"%x" % len(body)))
        body = size + b"\r\n" + body + chance.choice((b"\r\n0\r\n\r\n", b"\r\n", b"", b"\r\n-0\r\n\r\n", b"\n0\n\n"))
    raw = b"\r\n".join([line, *headers, b"", body])
    return raw[: chance.randrange(len(raw) + 1)] if chance.random() < 0.15 else raw


@contextmanager
def watched(edge: Edge) -> Iterator[Callable[..., str]]:
    """Yields what shows the edge one answer to all that it asks in one round of --watch, and says what came of it."""
    current, warned = [b""], list[str]()

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(current[0])

    def show(raw: bytes, path: Path = edge.path) -> str:
        current[0] = raw
        warned.clear()
        said: list[str] = []
        watching.watch(Options(url, path, watch=True), said.append, warned.append)
        if not edge.is_whole(path):
            raise AssertionError("the edge lost what it had")
        if said and said[0].startswith("Renewed"):
            edge.make()
            return "renewed"
        if any("Unexpected trouble" in warning for warning in warned):
            raise AssertionError(warned[-1])
        return "waits" if any(warning.endswith("Waiting.") for warning in warned) else "goes on"

    with serving(answer) as port, mock.patch.object(retries, "_PAUSES", ()), ended_after_one_round():
        url = f"http://127.0.0.1:{port}"
        with mock.patch.object(transport, "STEP_SECONDS", 2.0):
            yield show


@contextmanager
def ended_after_one_round() -> Iterator[None]:
    def end(seconds: float) -> Any:
        raise watching._Ended

    with mock.patch.object(time, "sleep", end):
        yield


@contextmanager
def attempts() -> Iterator[dict[str, Attempt]]:
    """The campaign, with an edge of its own."""
    # The library's remarks about mutated certificates.
    with (
        warnings.catch_warnings(action="ignore"),
        tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as root,
    ):
        edge = Edge(Path(root))
        with watched(edge) as show:
            yield {"answers": Attempt(lambda chance: random_answer(edge, chance), lambda made: show(*made))}
