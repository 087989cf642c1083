"""Small servers for the edge: scripted ones, and proxies in front of a real portal."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from enrollment.edge.key_pair import to_pem
from keys.crypto.ca_certificates import Authority, PrivateKey, make_authority
from tests.factories import make_private_key

Handler = Callable[[socket.socket], None]


@contextmanager
def serving(handle: Handler) -> Iterator[int]:
    """Call `handle` in a thread with each connection to the yielded port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=[listener, handle], daemon=True).start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            # Closing alone does not wake a thread that waits in accept.
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, handle: Handler) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_handle, args=[connection, handle], daemon=True).start()


def _handle(connection: socket.socket, handle: Handler) -> None:
    with connection, suppress(OSError):
        handle(connection)


def read_request(connection: socket.socket) -> bytes:
    """One whole request with a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += _some(connection)
    return head + b"\r\n\r\n" + body


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the client left")
    return data


def ask(port: int, request: bytes) -> bytes:
    """What a server on this machine answers to the bytes of a request."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as upstream:
        upstream.sendall(request)
        return b"".join(iter(lambda: upstream.recv(65536), b""))


class Script:
    """Answers each request with the next of some answers, then always with the last one, and counts the requests."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []

    def __call__(self, connection: socket.socket) -> None:
        self.requests.append(read_request(connection))
        connection.sendall(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Word", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def swallowing(port: int, committed: threading.Event) -> Handler:
    """A proxy that passes the request on and drops the answer."""

    def handle(connection: socket.socket) -> None:
        ask(port, read_request(connection))
        committed.set()
        connection.recv(1)  # until the client has closed the connection

    return handle


def tls(port: int, certificate_file: Path) -> Handler:
    """A proxy with TLS outside and http inside."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file)

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.sendall(ask(port, read_request(secure)))

    return handle


def make_server_certificate(directory: Path, name: str = "127.0.0.1", days: int = 9) -> tuple[Path, Path]:
    """The file a TLS server needs, and the file of the authority that signed it."""
    now = datetime.now(UTC)
    authority = make_authority("Web Root", "acme", now=now, days=9)
    key = make_private_key()
    certificate = _server_certificate(authority, key, name, now + timedelta(days=days))
    server, ca = directory / "server.pem", directory / "ca.pem"
    server.write_bytes(to_pem(key) + certificate.public_bytes(Encoding.PEM))
    ca.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    return server, ca


def _server_certificate(authority: Authority, key: PrivateKey, name: str, not_after: datetime) -> x509.Certificate:
    try:
        san: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        san = x509.DNSName(name)
    parent_id = x509.SubjectKeyIdentifier.from_public_key(authority.private_key.public_key())
    builder = x509.CertificateBuilder(
        authority.certificate.subject, x509.Name([]), key.public_key(), x509.random_serial_number(),
        not_after - timedelta(days=30), not_after,
    )  # fmt: skip
    for value, critical in [
        (x509.SubjectAlternativeName([san]), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(parent_id), False),
    ]:
        builder = builder.add_extension(value, critical)
    return builder.sign(authority.private_key, hashes.SHA256())
