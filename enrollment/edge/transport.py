"""One POST to the portal: bounded in time and size, without redirects, to a verified server.

Whatever the server sends, `post` returns a reply or raises Stop, which includes TryLater.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from enrollment.edge.outcomes import Stop, TryLater, WrongUsage
from enrollment.edge.portal_url import Address
from enrollment.edge.proxy import Proxy, open_tunnel

STEP_SECONDS = 15.0
TOTAL_SECONDS = 60.0
LARGEST_ANSWER = 256 * 1024
USER_AGENT = "enroll-edge/1"
# X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL's x509_vfy.h
_NOT_YET_VALID, _EXPIRED = 9, 10
_CHECK_URL = "Check --url, and name the authority that signed it with --ca-file."
_ADVICE = {_EXPIRED: "Check the clock of this machine; if it is right, the server's administrator has to renew it."}
_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, application/problem+json",
    "User-Agent": USER_AGENT,
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """The server's HTTP response. `retry_after` is in seconds; `location` is the target of a redirect."""

    status: int
    body: bytes = field(repr=False)
    retry_after: int | None = None
    location: str = ""


def trusted_servers(ca_file: Path | None) -> ssl.SSLContext:
    """A TLS context that trusts the certificates in `ca_file`, or else the system's store. Raises WrongUsage."""
    if ca_file is None:
        return ssl.create_default_context()
    try:
        context = ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ValueError) as error:
        raise WrongUsage(f"--ca-file {ca_file} holds no usable certificate: {error}.") from None
    # Newer Pythons refuse authorities without a key usage, such as `openssl req -x509` makes.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def post(address: Address, body: bytes, servers: ssl.SSLContext | None, proxy: Proxy | None = None) -> Reply:
    """Send `body` and read the reply. Raises TryLater when none comes, Stop when the server's certificate is not valid.

    `servers` verifies an https server. The body is sent only after the server was verified, also through a proxy.
    """
    try:
        with _connected(address, servers, proxy) as connection:
            target, headers = address.path, _HEADERS
            if proxy and not address.encrypted:
                target, headers = f"http://{address.authority}{address.path}", _HEADERS | proxy.headers
            connection.request("POST", target, body, headers)
            response = connection.getresponse()
            answer = _read_whole(response)
    except Stop:
        raise
    except ssl.SSLCertVerificationError as error:
        raise _not_verified(address, error) from None
    except Exception as error:
        # Not only OSError and HTTPException: http.client raises ValueError for a chunk of negative size, for example.
        through = f" through {proxy}" if proxy else ""
        raise TryLater(f"No answer from {address.authority}{through}: {_reason(error)}.") from None
    wait, location = response.getheader("Retry-After", ""), response.getheader("Location", "")
    seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 7 else None
    return Reply(response.status, answer, seconds, location)


@contextmanager
def _connected(
    address: Address, servers: ssl.SSLContext | None, proxy: Proxy | None
) -> Iterator[http.client.HTTPConnection]:
    """A connection to the portal, over TLS for https, that is cut off after TOTAL_SECONDS."""
    near = proxy or address
    # The socket is made below, because http.client bounds neither the connection's time nor verifies through a proxy.
    connection = http.client.HTTPConnection(address.host, address.port)
    if address.encrypted:
        servers = servers or trusted_servers(None)
        connection = http.client.HTTPSConnection(address.host, address.port, context=servers)
    wire = socket.create_connection((near.host, near.port), STEP_SECONDS)
    with closing(wire), closing(connection), _cut_off_after(TOTAL_SECONDS, wire):
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.encrypted and proxy:
            open_tunnel(wire, proxy, address)
        if servers and address.encrypted:
            wire = servers.wrap_socket(wire, server_hostname=address.host)
        connection.sock = wire
        yield connection


def _not_verified(address: Address, error: ssl.SSLCertVerificationError) -> Stop:
    refused = f"The certificate of {address.host} is not valid here: {error.verify_message}. The key was not sent."
    if error.verify_code == _NOT_YET_VALID:
        # The clock of a machine that has just started may not be set yet.
        return TryLater(f"{refused} Check the clock of this machine.", soon=False)
    return Stop(f"{refused} {_ADVICE.get(error.verify_code, _CHECK_URL)}", waited_out=True)


def _read_whole(response: http.client.HTTPResponse) -> bytes:
    """The whole body. Raises HTTPException when it is cut off: the portal repeats the answer."""
    answer = response.read(LARGEST_ANSWER + 1)
    if len(answer) > LARGEST_ANSWER:
        raise Stop("The answer is larger than any portal's. Check --url.", waited_out=True)
    # `length` is the number of missing bytes. Without it and without chunks, a cut looks like the end.
    if response.length or (response.length is None and not response.chunked):
        raise http.client.IncompleteRead(answer)
    return answer


@contextmanager
def _cut_off_after(seconds: float, wire: socket.socket) -> Iterator[None]:
    """Shut the connection down after `seconds`, and raise TimeoutError.

    The socket's own timeout bounds each step only: a server that sends single bytes could hold the edge for ever.
    """
    is_over = threading.Event()
    # A second handle of the same TCP connection, because a TLS object must not be used by two threads.
    with wire.dup() as handle:

        def cut_off() -> None:
            is_over.set()
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut_off)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if is_over.is_set():
                raise TimeoutError


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, OSError | http.client.HTTPException):
        return getattr(error, "strerror", None) or "the connection broke off"
    return "the answer is not HTTP"
