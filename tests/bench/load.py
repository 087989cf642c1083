"""A light load generator: a fixed number of clients on raw sockets in one thread, requests made beforehand."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

_ANSWER_SECONDS = 60


@dataclass
class Outcome:
    """What the clients of one run saw: answers by status, and how long each answer took."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency, in milliseconds, that `share` of the answers kept."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


_NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "edge")])


def bodies(key_text: str, count: int) -> list[bytes]:
    """Enrollment requests of one provisioning key, each with a key pair of its own."""
    return [json.dumps({"provisioning_key": key_text, "csr": _csr()}).encode() for _ in range(count)]


def _csr() -> str:
    private_key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(_NAME).sign(private_key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def post(port: int, path: str, body: bytes) -> bytes:
    """A complete HTTP request. Each edge comes once, so each request is a connection of its own."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


class _Client:
    """One client: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, port: int, requests: Iterator[bytes], outcome: Outcome) -> None:
        self._address = ("127.0.0.1", port)
        self._requests = requests
        self._outcome = outcome

    def send(self, poll: selectors.BaseSelector) -> bool:
        """Send the next request; False when there is none."""
        request = next(self._requests, None)
        if request is None:
            return False
        self.started = time.perf_counter()
        self.answer = b""
        self.socket = socket.create_connection(self._address)
        self.socket.sendall(request)
        poll.register(self.socket, selectors.EVENT_READ, self)
        return True

    def receive(self, poll: selectors.BaseSelector) -> bool:
        """Read what is there; True when the answer is complete."""
        part = self.socket.recv(65536)
        self.answer += part
        if part and not _is_complete(self.answer):
            return False
        poll.unregister(self.socket)
        self.socket.close()
        self._outcome.latencies.append(time.perf_counter() - self.started)
        self._outcome.statuses[int(self.answer[9:12] or 0)] += 1
        return True


def _is_complete(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    _, _, length = head.partition(b"\r\nContent-Length: ")
    return bool(separator) and len(body) >= int(length.partition(b"\r\n")[0] or 0)


def run(port: int, requests: Iterable[bytes], clients: int, seconds: float) -> Outcome:
    """Let `clients` work through `requests` for `seconds`; answers under way then are still counted."""
    outcome = Outcome()
    queue = iter(requests)
    started = time.perf_counter()
    with selectors.DefaultSelector() as poll:
        waiting = sum(_Client(port, queue, outcome).send(poll) for _ in range(clients))
        while waiting:
            events = poll.select(_ANSWER_SECONDS)
            if not events:
                raise RuntimeError(f"no answer within {_ANSWER_SECONDS} seconds")
            for key, _ in events:
                client = key.data
                if client.receive(poll):
                    in_time = time.perf_counter() - started < seconds
                    waiting -= not (in_time and client.send(poll))
    outcome.seconds = time.perf_counter() - started
    return outcome
