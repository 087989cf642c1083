"""One POST to the portal: bounded in time and size, without redirects, to a verified server.

Whatever comes over the wire is an answer or a reason to try again: `post` raises Stop and nothing else.
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
_ADVICE = {_EXPIRED: "Check the clock of this machine; if it is right, the server's keeper has to renew it."}
_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, application/problem+json",
    "User-Agent": USER_AGENT,
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said. `retry_after` is in seconds; `location` is where a redirect leads."""

    status: int
    body: bytes = field(repr=False)
    retry_after: int | None = None
    location: str = ""


def trusted_servers(ca_file: Path | None) -> ssl.SSLContext:
    """Verify the server by the certificates in `ca_file`, or by the system's store. Raises WrongUsage."""
    if ca_file is None:
        return ssl.create_default_context()
    try:
        context = ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ValueError) as error:
        raise WrongUsage(f"--ca-file {ca_file} holds no usable certificate: {error}.") from None
    # Newer Pythons refuse authorities without a key usage, which is what `openssl req -x509` makes.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def post(address: Address, body: bytes, servers: ssl.SSLContext | None, proxy: Proxy | None = None) -> Reply:
    """Send `body` and read the answer. Raises TryLater when there is none, Stop when the server is not the one.

    `servers` verifies an https server. The key is written only after the server was verified, also behind a proxy.
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
        raise _not_the_one(address, error) from None
    except Exception as error:
        # Not only OSError and HTTPException: a chunk of negative size, for one, is a ValueError of the library.
        through = f" through {proxy}" if proxy else ""
        raise TryLater(f"No answer from {address.authority}{through}: {_reason(error)}.") from None
    wait, location = response.getheader("Retry-After"), response.getheader("Location", "")
    return Reply(response.status, answer, _seconds(wait), location)


@contextmanager
def _connected(
    address: Address, servers: ssl.SSLContext | None, proxy: Proxy | None
) -> Iterator[http.client.HTTPConnection]:
    """A connection to the portal, over TLS if it is https, that is cut off when its time is over."""
    near = proxy or address
    # Writes the request and reads the answer; its socket is made here.
    connection = http.client.HTTPConnection(address.host, address.port)
    if address.encrypted:
        servers = servers or trusted_servers(None)
        connection = http.client.HTTPSConnection(address.host, address.port, context=servers)
    wire = socket.create_connection((near.host, near.port), STEP_SECONDS)
    with closing(wire), closing(connection), _hung_up_after(TOTAL_SECONDS, wire):
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.encrypted and proxy:
            open_tunnel(wire, proxy, address)
        if servers and address.encrypted:
            wire = servers.wrap_socket(wire, server_hostname=address.host)
        connection.sock = wire
        yield connection


def _not_the_one(address: Address, error: ssl.SSLCertVerificationError) -> Stop:
    refused = f"The certificate of {address.host} is not valid here: {error.verify_message}. The key was not sent."
    if error.verify_code == _NOT_YET_VALID:
        # A machine that has just started has not asked for the time yet.
        return TryLater(f"{refused} Check the clock of this machine.", soon=False)
    return Stop(f"{refused} {_ADVICE.get(error.verify_code, _CHECK_URL)}", waited_out=True)


def _read_whole(response: http.client.HTTPResponse) -> bytes:
    """The body. Raises HTTPException for half of one: a cut answer is no answer, and its certificate waits for us."""
    answer = response.read(LARGEST_ANSWER + 1)
    if len(answer) > LARGEST_ANSWER:
        raise Stop("The answer is larger than any portal's. Check --url.", waited_out=True)
    # `length` is what is still missing. Without it and without chunks a cut could not be told from the end.
    if response.length or (response.length is None and not response.chunked):
        raise http.client.IncompleteRead(answer)
    return answer


@contextmanager
def _hung_up_after(seconds: float, wire: socket.socket) -> Iterator[None]:
    """The socket's own timeout bounds each step; a server that drips bytes would still hold us for ever."""
    hung_up = threading.Event()
    # A second handle of the same TCP connection: TLS objects may not be touched while another thread reads from them.
    with wire.dup() as handle:
        timer = threading.Timer(seconds, _hang_up, [handle, hung_up])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if hung_up.is_set():
                raise TimeoutError


def _hang_up(handle: socket.socket, hung_up: threading.Event) -> None:
    hung_up.set()
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, OSError | http.client.HTTPException):
        return getattr(error, "strerror", None) or "the connection broke off"
    return "what came is not HTTP"


def _seconds(header: str | None) -> int | None:
    return int(header) if header and header.isascii() and header.isdigit() and len(header) < 7 else None
