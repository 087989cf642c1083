"""The gunicorn worker that waits for clients without holding a thread.

gunicorn's threaded worker gives a connection a thread with its first byte and waits there for the rest of the request
as long as the client likes: as many unfinished requests as there are threads stop the portal, and so does whoever does
not close his side. This one reads in its event loop, hands over what is complete, and answers 408 after READ_SECONDS.
"""

from __future__ import annotations

import errno
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
# Time to take an answer: this long, and a second more for each 16 KiB.
ANSWER_SECONDS, ANSWER_BYTES_PER_SECOND = 20.0, 16 * 1024
LONGEST_HEAD = 64 * 1024
# A longer body may be refused before it is sent, so a thread begins with it, but a quarter of the threads at most.
SHORT_BODY = 16 * 1024
# While no such thread is free: what the largest form may hold.
BUFFERED = LONGEST_HEAD + 256 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class AnsweringSocket(socket.socket):
    """A client's socket whose answers have a deadline, which moves with what the client takes."""

    allowance = ANSWER_SECONDS

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of `data`; a client that takes it too slowly counts as gone."""
        self.allowance += len(data) / ANSWER_BYTES_PER_SECOND
        started = time.monotonic()
        self.settimeout(max(self.allowance, 0.001))
        try:
            super().sendall(data, flags)
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "the client takes its answer too slowly") from None
        self.allowance -= time.monotonic() - started


class Connection(TConn):
    """A connection, what was received of its next request, and how much more is to come. The parser reads from here."""

    def __init__(self, worker: PatientWorker, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(worker.cfg, AnsweringSocket(fileno=sock.detach()), client, server)
        self.worker = worker
        self.parser: Any = None
        self.received = bytearray()
        self.data_ready = True
        self.reads_on = False

    def begin(self) -> None:
        """Wait for the next request; what came behind the last one is its beginning."""
        if self.parser is not None:
            self.received[:0] = self.parser.unreader.take_buffered()
        # Its thread left it with a timeout.
        self.sock.setblocking(False)
        self.timeout = time.monotonic() + READ_SECONDS
        self.head = self.length = 0

    def receive(self) -> None:
        """Take what is there, unless a whole request was sent. Raises OSError when the connection broke or ended."""
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
        """Look how long the request is, once its head was received."""
        if not self.head and (end := self.received.find(b"\r\n\r\n")) >= 0:
            self.head = end + 4
            length = _LENGTH.search(self.received, 0, self.head)
            self.length = int(length[1]) if length else 0
            if not self.is_complete and not self.is_long:
                self._tell_to_continue()

    def _tell_to_continue(self) -> None:
        """A client that waits for 100 Continue gets it here, and gunicorn does not see that it asked."""
        if expect := _EXPECT.search(self.received, 0, self.head):
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
        """Whether the request may be refused before all of it was sent."""
        return self.length > SHORT_BODY

    @property
    def takes_answers(self) -> bool:
        """Whether the last answer is on its way: not where a client asks again and again, and reads nothing."""
        if self.parser is None:
            return True
        self._call_writable_when_unsent_below(1)
        room = select.poll()
        room.register(self.sock, select.POLLOUT)
        return bool(room.poll(0))

    def _call_writable_when_unsent_below(self, octets: int) -> None:
        """0 is the kernel's default: as long as its buffer has room. A Unix socket has no such option."""
        with suppress(OSError):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, octets)

    def init(self) -> None:
        """At the beginning of each request, in its thread."""
        if self.parser is None:
            self.parser = http.get_parser(self.cfg, self, self.client)
            self.initialized = True
        self.sock.allowance = ANSWER_SECONDS
        self._call_writable_when_unsent_below(0)

    def recv(self, size: int) -> bytes:
        """What the parser reads: what was received, then, of a long request, what still comes in time.

        Raises NoMoreData for the rest: half a form is none, and where the next request begins is not known.
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
        """Close; gracefully means that the client may read its answer first, for which nobody waits."""
        if graceful:
            self.worker.linger(self.sock)
        else:
            util.close(self.sock)


class PatientWorker(ThreadWorker):
    """gunicorn's threaded worker, whose threads see complete requests only."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.long_readers, self.most_long_readers = 0, max(1, self.cfg.threads // 4)
        # Sockets whose answer was sent, and until when their clients may read it; the oldest first.
        self.lingering: dict[socket.socket, float] = {}

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("The portal speaks http; put a proxy in front for TLS.")

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait, and serve what happened, but for sockets that something else in this round ended or handed over."""
        registered = self.poller.get_map()
        for key, _ in self.poller.select(timeout):
            if registered.get(key.fd) is key:
                key.data(key.fileobj)

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection; where there are too many, the one that keeps the portal waiting longest goes."""
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
        """A request begins: answer it when it is complete, else wait for it without a thread."""
        conn.begin()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))
        self.on_pending_socket_readable(conn, conn.sock)

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Some more of a request has come, or of the last answer was taken."""
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
        # Where a request ends that was not received whole is not known.
        if conn.reads_on or not super()._keepalive_after(conn, keepalive):
            return False
        behind = conn.parser.unreader.take_buffered() + bytes(conn.received)
        conn.received.clear()
        conn.parser.unreader.unread(behind)
        return True

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """An answer was given; its thread may read another long request."""
        if conn.reads_on:
            conn.reads_on = False
            self.long_readers -= 1
            if long := next((one for one in self.pending_conns if one.is_long), None):
                self.on_pending_socket_readable(long, long.sock)
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Drop those whose time is over and, in a worker that stops, those that have not begun."""
        now = time.monotonic()
        for conn in list(self.pending_conns):
            if conn.timeout <= now or not (self.alive or conn.received):
                self.drop(conn)
        for sock in [sock for sock, deadline in self.lingering.items() if deadline <= now]:
            self._forget(sock)

    def drop(self, conn: Connection) -> None:
        """End the connection of a client that is not done."""
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
        """Let a client read its answer and close first, RFC 9112 section 9.6: else what it still sends resets it."""
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
