"""A gunicorn worker that waits for slow clients without a thread.

gunicorn's threaded worker assigns a thread at the first byte of a request and waits there for the rest, without a
limit. As many unfinished requests as there are threads stop it, and so do clients that do not close their connection.
This worker reads requests in its event loop, passes complete ones to a thread, and answers 408 after READ_SECONDS.
"""

from __future__ import annotations

import errno
import math
import re
import select
import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn import http, util
from gunicorn.errors import ConfigError
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.workers.gthread import TConn, ThreadWorker

READ_SECONDS = 20.0
LINGER_SECONDS = 2.0
# Time a client has to read an answer: ANSWER_SECONDS, and one second more for each 16 KiB.
ANSWER_SECONDS, ANSWER_BYTES_PER_SECOND = 20.0, 16 * 1024
LONGEST_HEAD = 64 * 1024
# A thread begins with a longer body before all of it is there, because the view may refuse it; at most a quarter of the
# threads do so at a time.
SHORT_BODY = 16 * 1024
# The most that is buffered while none of these threads is free: the size of the largest form.
BUFFERED = LONGEST_HEAD + 256 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class AnsweringSocket(socket.socket):
    """A client's socket with a time limit for answers, which grows with their length."""

    allowance = ANSWER_SECONDS

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of `data`. Raises BrokenPipeError when the client reads too slowly."""
        self.allowance += len(data) / ANSWER_BYTES_PER_SECOND
        started = time.monotonic()
        self.settimeout(max(self.allowance, 0.001))
        try:
            super().sendall(data, flags)
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "the client reads its answer too slowly") from None
        self.allowance -= time.monotonic() - started


class Connection(TConn):
    """A connection with the bytes received of its next request and the expected length. gunicorn's parser reads it."""

    def __init__(self, worker: PatientWorker, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(worker.cfg, AnsweringSocket(fileno=sock.detach()), client, server)
        self.worker = worker
        self.parser: Any = None
        self.received = bytearray()
        self.data_ready = True
        self.reads_on = False

    def begin(self) -> None:
        """Wait for the next request. Bytes that the parser read past the last request begin it."""
        if self.parser is not None:
            self.received[:0] = self.parser.unreader.take_buffered()
        # The thread of the last request set a timeout.
        self.sock.setblocking(False)
        self.timeout = time.monotonic() + READ_SECONDS
        self.head = self.length = 0

    def receive(self) -> None:
        """Read available bytes unless the request is complete. Raises OSError when the connection broke or ended."""
        self._measure()
        if self.is_complete:
            return
        with suppress(BlockingIOError):
            part = self.sock.recv(LONGEST_HEAD)
            if not part:
                raise ConnectionAbortedError(errno.ECONNABORTED, "the client left in the middle of a request")
            self.received += part
            self._measure()

    def _measure(self) -> None:
        """Find the length of the request once its head is received; answer 100 Continue where the client waits for it.

        gunicorn does not see the Expect header, so that it does not answer it a second time.
        """
        if not self.head and (end := self.received.find(b"\r\n\r\n")) >= 0:
            self.head = end + 4
            length = _LENGTH.search(self.received, 0, self.head)
            self.length = int(length[1]) if length else 0
            expect = _EXPECT.search(self.received, 0, self.head)
            if expect and not self.is_complete and not self.is_long:
                del self.received[expect.start() : expect.end()]
                self.head -= expect.end() - expect.start()
                self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    @property
    def is_complete(self) -> bool:
        """Whether a thread can answer without waiting for the client."""
        if not self.head:
            return len(self.received) > LONGEST_HEAD
        return len(self.received) >= self.head + self.length

    @property
    def is_long(self) -> bool:
        """Whether a thread may begin with the request before all of it is received."""
        return self.length > SHORT_BODY

    @property
    def takes_answers(self) -> bool:
        """Whether the last answer left the send buffer: false for a client that sends requests and reads no answers."""
        if self.parser is None:
            return True
        self._set_unsent_limit(1)
        writable = select.poll()
        writable.register(self.sock, select.POLLOUT)
        return bool(writable.poll(0))

    def _set_unsent_limit(self, octets: int) -> None:
        """Let the kernel report the socket as writable while fewer octets than this are unsent (tcp(7)).

        0 is the default: while the send buffer has room. A Unix socket does not have this option.
        """
        with suppress(OSError):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, octets)

    def init(self) -> None:
        """Prepare the next request; gunicorn calls this in the request's thread."""
        if self.parser is None:
            self.parser = http.get_parser(self.cfg, self, self.client)
            self.initialized = True
        self.sock.allowance = ANSWER_SECONDS
        self._set_unsent_limit(0)

    def recv(self, size: int) -> bytes:
        """Bytes for the parser: first the received ones, then, for a long request, those that arrive in time.

        Raises NoMoreData when they do not: half a form is of no use, and the start of the next request is unknown.
        """
        if self.received:
            part = bytes(self.received[:size])
            del self.received[:size]
            return part
        if not self.head:
            raise LimitRequestHeaders("limit request headers fields size")
        remaining = self.timeout - time.monotonic()
        if self.reads_on and remaining > 0:
            self.sock.settimeout(remaining)
            with suppress(TimeoutError):
                if part := self.sock.recv(size):
                    return part
        raise NoMoreData

    def close(self, graceful: bool = False) -> None:
        """Close the connection; `graceful` lets the client read its answer first, without a thread."""
        if graceful:
            self.worker.linger(self.sock)
        else:
            util.close(self.sock)


class PatientWorker(ThreadWorker):
    """gunicorn's threaded worker, but threads get only complete requests, and some long ones."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.long_readers, self.most_long_readers = 0, max(1, self.cfg.threads // 4)
        # Sockets whose answer was sent, and the end of the time their clients have to read it; the oldest first.
        self.lingering: dict[socket.socket, float] = {}
        # When a worker that stops closes connections that have sent nothing.
        self.silent_until = math.inf

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("The portal speaks http; put a proxy in front for TLS.")

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for events and handle them, except for sockets that an earlier event of this round unregistered."""
        registered = self.poller.get_map()
        for key, _ in self.poller.select(timeout):
            if registered.get(key.fd) is key:
                key.data(key.fileobj)

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection. When there are too many, close the one that has waited longest."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            self.log.debug("Not accepted: %s", error)
            return
        if self.nr_conns >= self.worker_connections - 1:
            self._make_room()
        self.nr_conns += 1
        self.enqueue_req(Connection(self, sock, client, listener.getsockname()))

    def _make_room(self) -> None:
        if self.lingering:
            self._forget(next(iter(self.lingering)))
        elif self.pending_conns:
            self.drop(self.pending_conns[0])
        elif self.keepalived_conns:
            self.keepalived_conns[0].timeout = 0.0
            self.murder_keepalived()

    def enqueue_req(self, conn: Connection) -> None:
        """Answer a request when it is complete, otherwise wait for the rest without a thread."""
        conn.begin()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))
        self.on_pending_socket_readable(conn, conn.sock)

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Handle new bytes of a request, or space in the send buffer after the last answer."""
        try:
            conn.receive()
        except OSError:
            self.drop(conn)
            return
        may_read = conn.is_long and self.long_readers < self.most_long_readers
        if len(conn.received) > BUFFERED and not conn.is_complete and not may_read:
            self.drop(conn)
        elif not conn.is_complete and not may_read:
            self._wait_until(selectors.EVENT_READ, conn)
        elif not conn.takes_answers:
            self._wait_until(selectors.EVENT_WRITE, conn)
        else:
            conn.reads_on = not conn.is_complete
            self.long_readers += conn.reads_on
            self._stop_waiting(conn)
            super().enqueue_req(conn)

    def _wait_until(self, event: int, conn: Connection) -> None:
        self.poller.modify(conn.sock, event, partial(self.on_pending_socket_readable, conn))

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        # The end of a request that was not received completely is unknown.
        if conn.reads_on or not super()._keepalive_after(conn, keepalive):
            return False
        next_request = conn.parser.unreader.take_buffered() + bytes(conn.received)
        conn.received.clear()
        conn.parser.unreader.unread(next_request)
        return True

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Finish an answered request; its thread may begin with another long request."""
        if conn.reads_on:
            conn.reads_on = False
            self.long_readers -= 1
            if long := next((one for one in self.pending_conns if one.is_long), None):
                self.on_pending_socket_readable(long, long.sock)
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Drop connections whose time is over."""
        now = time.monotonic()
        for conn in list(self.pending_conns):
            if conn.timeout <= now or (self.silent_until <= now and not conn.received):
                self.drop(conn)
        for sock in [sock for sock, deadline in self.lingering.items() if deadline <= now]:
            self._forget(sock)

    def _cap_keepalive(self, deadline: float) -> None:
        """Limit how long a stopping worker waits for requests, on new connections as on those that are kept alive.

        It accepts no more, but the clients of those that it accepted may be sending their requests already.
        """
        super()._cap_keepalive(deadline)
        self.silent_until = deadline

    def drop(self, conn: Connection) -> None:
        """Close the connection of a client that did not finish its request; answer 408 if it has begun one."""
        self._stop_waiting(conn)
        self.nr_conns -= 1
        if conn.received:
            with suppress(OSError):
                conn.sock.send(_TOO_SLOW)
        conn.close()

    def _stop_waiting(self, conn: Connection) -> None:
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)

    def linger(self, sock: socket.socket) -> None:
        """Let the client read its answer and close first (RFC 9112 §9.6): bytes it still sends would cause a reset."""
        try:
            sock.setblocking(False)
            sock.shutdown(socket.SHUT_WR)
            self.poller.register(sock, selectors.EVENT_READ, self._discard)
        except (OSError, ValueError):
            util.close(sock)
            return
        self.nr_conns += 1
        self.lingering[sock] = time.monotonic() + LINGER_SECONDS

    def _discard(self, sock: socket.socket) -> None:
        try:
            ended = not sock.recv(LONGEST_HEAD)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            self._forget(sock)

    def _forget(self, sock: socket.socket) -> None:
        del self.lingering[sock]
        self.poller.unregister(sock)
        self.nr_conns -= 1
        util.close(sock)
