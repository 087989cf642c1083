"""Clients that send or read slowly, or not at all, hold no thread: a worker with two threads continues to answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread
from unittest import TestCase

import pytest

from tests.support.live import ROOT
from tests.support.postgresql import free_port

WORKER = "tests.support.short_limits.PatientWorker"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def post(length: int, *headers: str, path: str = "/") -> bytes:
    """The head of a request whose body has this length."""
    lines = (f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *headers, "", "")
    return "\r\n".join(lines).encode()


class ClientsTestCase(TestCase):
    """A worker that gives a request `read_seconds` to arrive."""

    read_seconds: float

    @classmethod
    def setUpClass(cls) -> None:
        cls.port = free_port()
        server = ("-m", "gunicorn", "-k", WORKER, "--threads", "2", "--worker-connections", "40")
        command = (*server, "--bind", f"127.0.0.1:{cls.port}", "tests.support.short_limits:application")
        environment = {**os.environ, "READ_SECONDS": str(cls.read_seconds)}
        cls.server = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment)
        cls.addClassCleanup(cls.server.wait, 30)
        cls.addClassCleanup(cls.server.terminate)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", cls.port)).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("gunicorn does not listen")

    def setUp(self) -> None:
        self.stack = ExitStack()
        self.addCleanup(self.stack.close)

    def connect(self, sent: bytes = b"", receive_buffer: int = 0) -> socket.socket:
        client = self.stack.enter_context(socket.socket())
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(10)
        client.connect(("127.0.0.1", self.port))
        client.sendall(sent)
        return client

    def answer(self, client: socket.socket) -> tuple[int, bytes]:
        """The status and body of the next answer on a connection."""
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            part = client.recv(1)
            if not part:
                return 0, received
            received += part
        head, length = received[:end], int(received.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        body = b""
        while len(body) < length and (part := client.recv(length - len(body))):
            body += part
        return int(head[9:12]), body

    def seconds_of_an_answer(self) -> float:
        started = time.monotonic()
        self.assertEqual(self.answer(self.connect(GET)), (200, b"0"))
        return time.monotonic() - started

    def worker(self) -> int:
        (pid,) = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        return int(pid)


@pytest.mark.once
class WholeRequestsTest(ClientsTestCase):
    """Requests that arrive, however slow the machine is."""

    read_seconds = 20

    def test_what_is_complete_is_answered_however_it_comes(self) -> None:
        client = self.connect()
        for part in (post(6)[:7], post(6)[7:] + b"abc", b"def"):
            client.sendall(part)
            time.sleep(0.05)
        self.assertEqual(self.answer(client), (200, b"6"))
        # The same connection, two requests at once, the second with its body still to come.
        client.sendall(post(3) + b"abc" + post(4) + b"ab")
        self.assertEqual(self.answer(client), (200, b"3"))
        client.sendall(b"cd" + GET)
        self.assertEqual(self.answer(client), (200, b"4"))
        self.assertEqual(self.answer(client), (200, b"0"))

    def test_what_was_not_read_is_no_second_request(self) -> None:
        client = self.connect(post(len(GET), path="/unread") + GET + post(2) + b"ab")
        self.assertEqual(self.answer(client), (200, b"0"))
        self.assertEqual(self.answer(client), (200, b"2"))
        client = self.connect(post(900_000, path="/unread") + GET)
        self.assertEqual(self.answer(client), (200, b"0"))
        self.assertEqual(self.answer(client)[0], 0)

    def test_long_bodies_arrive_whole(self) -> None:
        for length in (16 * 1024, 16 * 1024 + 1, 300_000, 3_000_000):
            client = self.connect(post(length) + b"x" * length)
            self.assertEqual(self.answer(client), (200, str(length).encode()))

    def test_who_waits_for_100_continue_is_told_once(self) -> None:
        client = self.connect(post(5, "Expect: 100-continue"))
        self.assertEqual(client.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(b"abcde")
        self.assertEqual(self.answer(client), (200, b"5"))

    def test_an_endless_head_is_refused(self) -> None:
        endless = b"".join(b"X-%d: %b\r\n" % (number, b"x" * 4000) for number in range(40))
        client = self.connect(b"GET / HTTP/1.1\r\nHost: x\r\n" + endless)
        self.assertEqual(self.answer(client)[0], 431)

    def test_a_worker_that_stops_answers_what_arrives_on_connections_it_accepted(self) -> None:
        """As when it has answered `max_requests`: the next one starts when it has ended."""
        stopping = self.worker()
        new, half, idle, silent = self.connect(), self.connect(GET[:9]), self.connect(GET), self.connect()
        self.assertEqual(self.answer(idle), (200, b"0"))
        # Connections are accepted in order, so those before this one are.
        self.seconds_of_an_answer()
        os.kill(stopping, signal.SIGTERM)
        time.sleep(0.3)
        waiting = self.connect(GET)
        new.sendall(GET)
        half.sendall(GET[9:])
        idle.sendall(GET)
        for client in (new, half, idle):
            self.assertEqual(self.answer(client), (200, b"0"))
            self.assertEqual(client.recv(1), b"")
        self.assertEqual(self.worker(), stopping)
        # A client that sends nothing does not keep it for long.
        self.assertEqual(silent.recv(1), b"")
        self.assertEqual(self.answer(waiting), (200, b"0"))
        self.assertNotEqual(self.worker(), stopping)


@pytest.mark.once
class SlowClientsTest(ClientsTestCase):
    read_seconds = 1.5

    def unfinished(self) -> Iterator[bytes]:
        """Unfinished requests of every type that could keep a thread waiting."""
        yield b""
        yield b"G"
        yield GET[:-2]
        yield post(10) + b"123"
        yield post(16 * 1024) + b"x" * 100
        yield post(10, "Expect: 100-continue")
        yield post(20_000) + b"x" * 17_000
        yield post(5_000_000) + b"x" * 400_000

    def test_unfinished_requests_hold_nobody_up_and_are_ended(self) -> None:
        slow = [self.connect(beginning) for beginning in self.unfinished() for _ in range(4)]
        self.assertLess(max(self.seconds_of_an_answer() for _ in range(5)), 1)
        started = time.monotonic()
        # Who goes on byte for byte gets no longer.
        for _ in range(8):
            time.sleep(0.25)
            for client in slow:
                with suppress(OSError):
                    client.send(b"a")
        ended = [client for client in slow if self.is_ended(client)]
        self.assertEqual(len(ended), len(slow))
        self.assertLess(time.monotonic() - started, 6)

    def is_ended(self, client: socket.socket) -> bool:
        client.settimeout(3)
        try:
            while client.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def test_a_request_that_was_begun_and_not_finished_is_408(self) -> None:
        self.assertEqual(self.answer(self.connect(GET[:-2])), (408, b""))

    def test_more_connections_than_allowed_end_the_oldest(self) -> None:
        first = self.connect(b"G")
        crowd = [self.connect(b"G") for _ in range(60)]
        self.assertLess(self.seconds_of_an_answer(), 1)
        self.assertEqual(self.answer(first)[0], 408)
        self.assertEqual(len(crowd), 60)

    def test_who_does_not_read_his_answer_holds_a_thread_for_so_long_only(self) -> None:
        for _ in range(2):
            self.connect(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n", receive_buffer=4096)
        time.sleep(0.3)
        self.assertLess(self.seconds_of_an_answer(), 4)
        status, body = self.answer(self.connect(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n"))
        self.assertEqual((status, len(body)), (200, 32 * 1024 * 1024))

    def test_who_asks_again_and_again_and_reads_nothing_holds_nobody_up(self) -> None:
        for _ in range(16):
            greedy = self.connect(receive_buffer=4096)
            greedy.setblocking(False)
            greedy.send(GET.replace(b"/", b"/page", 1) * 5000)
        for _ in range(8):
            time.sleep(0.2)
            self.assertLess(self.seconds_of_an_answer(), 0.8)

    def test_who_does_not_close_holds_nobody_up(self) -> None:
        held = [self.connect(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) for _ in range(4)]
        self.assertEqual({self.answer(client) for client in held}, {(200, b"0")})
        self.assertLess(self.seconds_of_an_answer(), 1)

    def test_half_a_body_is_not_given_as_the_whole(self) -> None:
        left = self.connect(post(36) + b"abc")
        left.shutdown(socket.SHUT_WR)
        self.assertEqual(self.answer(left), (408, b""))
        slow = self.connect(post(20_000) + b"x" * 17_000)
        self.assertEqual(self.answer(slow), (0, b""))

    def test_a_length_that_was_not_counted_makes_no_second_request_of_the_body(self) -> None:
        client = self.connect(post(0).replace(b"Length: 0", b"Length: " + b"36".rjust(20, b"0")))
        time.sleep(0.2)
        client.sendall(GET.ljust(36))
        self.assertEqual(self.answer(client), (0, b""))

    def test_all_that_came_before_the_end_is_answered(self) -> None:
        client = self.connect(GET * 4)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual([self.answer(client)[0] for _ in range(5)], [200] * 4 + [0])

    def test_no_more_is_received_than_is_needed(self) -> None:
        before = self.most_memory()
        client = self.connect()
        long = GET[:-2] + b"X-Long: %b\r\n\r\n" % (b"x" * 4000)
        sending = Thread(target=client.sendall, args=[long * 4000])
        sending.start()
        received = b""
        while received.count(b"HTTP/1.1 200") < 4000:
            received += client.recv(65536)
        sending.join()
        self.assertLess(self.most_memory() - before, 4 * 1024 * 1024)

    def test_an_event_of_a_connection_that_ended_meanwhile_ends_no_worker(self) -> None:
        crowd = [self.connect(b"G") for _ in range(45)]
        worker = self.worker()
        for _ in range(5):
            # What happens while it stands still comes as one round of events.
            os.kill(worker, signal.SIGSTOP)
            crowd += [self.connect() for _ in range(10)]
            for client in crowd:
                with suppress(OSError):
                    client.send(b"E")
            os.kill(worker, signal.SIGCONT)
            time.sleep(0.1)
        self.assertLess(self.seconds_of_an_answer(), 1)
        self.assertEqual(self.worker(), worker)

    def most_memory(self) -> int:
        """The worker's peak memory so far, in bytes."""
        status = Path(f"/proc/{self.worker()}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
