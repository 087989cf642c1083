"""Across modules: a real gunicorn with several workers: races on both databases (A-01 to A-06), and raw bytes.

Only the whole portal has several processes and reads requests from a socket.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import re
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from portal.audit import FIRST
from portal.quickstart.banner import recipe
from tests.enrollment.concurrent_requests import Answer, post, post_all
from tests.enrollment.live import LiveTestCase, body
from tests.enrollment.renewal import RENEW, signed_body
from tests.factories import make_csr, make_private_key
from tests.support.live import LivePortal
from tests.support.signing_in import guess

pytestmark = pytest.mark.once

WORKERS = 3
# Attempts are counted before their passwords are hashed: the shorter the hash, the nearer the counts.
QUICK = {"DJANGO_SETTINGS_MODULE": "tests.support.quick_settings"}
SQLITE = LivePortal(workers=WORKERS, aged=True, extra=QUICK)


def setUpModule() -> None:
    SQLITE.start()


def tearDownModule() -> None:
    SQLITE.stop()


class Races:
    """Run on each database by a class below."""

    def test_a01_a02_200_edges_and_37_uses_left_make_37_identities(self: Any) -> None:
        text = self.make_key("Limited", 100)
        with self.database() as connection:
            connection.execute("UPDATE keys_provisioningkey SET uses = 63 WHERE name = 'Limited'")
        bodies = [body(text) for _ in range(200)]
        with self.watching("Limited") as seen:
            answers = post_all(self.portal.url, bodies, processes=8)
        self.assertEqual(Counter(answer.outcome for answer in answers), {"201": 37, "403 key_exhausted": 163})
        self.assertEqual(self.books("Limited"), (100, 37, 37, 37, 37))
        admitted = [answer.document for answer in answers if answer.status == 201]
        self.assertEqual(len({answer["certificate"] for answer in admitted}), 37)
        names = {answer["edge"]["name"] for answer in admitted}
        self.assertEqual(names, {f"Limited-{number}" for number in range(64, 101)})
        rows, counted = self.refusals("Limited", "key_exhausted")
        # The processes share the limit, in each of the minutes of the requests, and no count is lost.
        self.assertLessEqual(rows, 2 * FIRST)
        self.assertEqual(rows + counted, 163)
        # At every moment in between the counts agreed, and none ever fell.
        self.assertGreater(len(seen), 1)
        self.assertTrue(all(uses - 63 == edges == rows == events for uses, edges, rows, _, events in seen))
        self.assertEqual(seen, sorted(seen))
        self.assert_no_error_was_logged()

    def refusals(self: Any, name: str, reason: str) -> tuple[int, int]:
        """The refusals of a key that have a row each, and those that are only counted, stored or not yet."""
        which = f"reason = '{reason}' AND object_name = '{name}'"
        scope = f"edge.refused|{reason}|edge||key|"
        return self.value(
            f"SELECT (SELECT COUNT(*) FROM portal_auditevent WHERE {which} AND detail ->> 'count' IS NULL), "
            f"(SELECT COALESCE(SUM(CAST(detail ->> 'count' AS integer)), 0) FROM portal_auditevent WHERE {which}) + "
            f"(SELECT COALESCE(SUM(seen - {FIRST}), 0) FROM portal_audittally WHERE seen > {FIRST} "
            f"AND scope = '{scope}' || (SELECT id FROM keys_provisioningkey WHERE name = '{name}'))"
        )

    @contextlib.contextmanager
    def watching(self: Any, name: str) -> Iterator[list[Any]]:
        """The counts at repeated moments."""
        seen, done = [self.books(name)], threading.Event()

        def watch() -> None:
            while not done.wait(0.02):
                seen.append(self.books(name))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield seen
        finally:
            done.set()
            watcher.join()

    def test_a06_50_requests_of_one_key_pair_make_one_identity(self: Any) -> None:
        text = self.make_key("Same", 10)
        csr = make_csr()
        answers = post_all(self.portal.url, [body(text, csr)] * 50, processes=2)
        self.assertEqual(Counter(answer.outcome for answer in answers), {"201": 1, "200": 49})
        self.assertEqual(self.books("Same"), (1, 1, 1, 1, 1))
        self.assertEqual(len({json.dumps(answer.document) for answer in answers}), 1)

    def test_a06_also_when_it_is_the_last_use_and_others_want_it(self: Any) -> None:
        text = self.make_key("Last", 1)
        private_key, other = make_private_key(), make_private_key()
        bodies = [body(text, make_csr(key)) for _ in range(15) for key in (private_key, other)]
        answers = post_all(self.portal.url, bodies, processes=2)
        counts = Counter(answer.outcome for answer in answers)
        self.assertEqual(counts, {"201": 1, "200": 14, "403 key_exhausted": 15})
        self.assertEqual(self.books("Last"), (1, 1, 1, 1, 1))

    def test_d05_of_renewals_at_the_same_moment_one_issues_and_the_others_repeat_or_are_too_late(self: Any) -> None:
        text = self.make_key("Renewing", 2)
        for same in (True, False):
            private_key, csrs = make_private_key(), [make_csr() for _ in range(12)]
            certificate = self.enrolled_long_ago(text, private_key)
            bodies = [signed_body(private_key, certificate, csrs[0] if same else csr) for csr in csrs]
            with ThreadPoolExecutor(len(bodies)) as pool:
                answers = [
                    Answer(*answer) for answer in pool.map(functools.partial(post, self.portal.url + RENEW), bodies)
                ]
            others = "200" if same else "409 certificate_superseded"
            self.assertEqual(Counter(answer.outcome for answer in answers), {"201": 1, others: 11})
        self.assertEqual(self.books("Renewing"), (2, 2, 4, 4, 2))
        self.assertEqual(self.value("SELECT COUNT(*) FROM portal_auditevent WHERE action = 'edge.renewed'"), 2)
        self.assert_no_error_was_logged()

    def test_of_16_guesses_at_once_five_are_judged_and_none_is_an_error(self: Any) -> None:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(functools.partial(guess, self.portal.url, "victim"), range(16)))
        self.assertEqual({status for status, _ in answers}, {200})
        self.assertEqual(sum("is not right" in page for _, page in answers), 5)
        self.assertEqual(sum("Too many attempts" in page for _, page in answers), 11)

    def test_guesses_at_many_names_at_once_are_no_error(self: Any) -> None:
        names = [f"name{number % 10}" for number in range(40)]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(functools.partial(guess, self.portal.url), names, range(40)))
        self.assertEqual({status for status, _ in answers}, {200})


class SqliteRaceTests(Races, LiveTestCase):
    portal = SQLITE


class PostgresqlRaceTests(Races, LiveTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        """Without a PostgreSQL server these tests fail; the error says how to get one."""
        super().setUpClass()
        cls.portal = cls.enterClassContext(LivePortal(workers=WORKERS, aged=True, postgresql=True, extra=QUICK))


class WireTests(LiveTestCase):
    """What only a real server shows: raw bytes to gunicorn."""

    portal = SQLITE
    text: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.text = cls().make_key("Wire", 100)

    def send(self, raw: bytes, wait: bool = True) -> bytes:
        """The server's answer to these bytes, until it closes the connection or sends nothing more."""
        with socket.create_connection(("127.0.0.1", self.portal.port), timeout=20) as connection:
            connection.sendall(raw)
            answer = b""
            while wait and (part := connection.recv(65_536)):
                answer += part
                if answer.startswith(b"HTTP/1.1 100"):
                    answer = b""
            return answer

    def request(self, *headers: str, method: str = "POST", content: bytes = b"", query: str = "") -> bytes:
        lines = [f"{method} /enrollment/v1/enroll{query} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
        return "\r\n".join([*lines, "", ""]).encode() + content

    def assert_refused(self, code: str, status: int, raw: bytes) -> None:
        answer = self.send(raw)
        head, _, document = answer.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200])
        self.assertEqual(json.loads(document)["code"], code)
        self.assertIn(b"no-store", head)
        self.assertNotIn(self.text.encode(), answer)

    def sized(self, content: str) -> bytes:
        headers = ("Content-Type: application/json", f"Content-Length: {len(content)}")
        return self.request(*headers, content=content.encode())

    def test_h02_a_chunked_body_is_411_and_never_a_missing_field(self) -> None:
        content = body(self.text).encode()
        chunks = f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n"
        headers = ("Content-Type: application/json", "Transfer-Encoding: chunked")
        self.assert_refused("length_required", 411, self.request(*headers, content=chunks))

    def test_a_request_without_length_is_411(self) -> None:
        self.assert_refused("length_required", 411, self.request("Content-Type: application/json"))

    def test_a_huge_length_is_413_before_the_body_is_sent(self) -> None:
        for length in ("16385", "999999999999", "9" * 30):
            headers = ("Content-Type: application/json", f"Content-Length: {length}")
            self.assert_refused("too_large", 413, self.request(*headers))

    def test_another_media_type_is_415(self) -> None:
        raw = self.request("Content-Type: text/plain", "Content-Length: 2", content=b"{}")
        self.assert_refused("unsupported_media_type", 415, raw)

    def test_l05_authorization_and_a_query_string_are_400_and_are_not_logged(self) -> None:
        secret = self.text.split("|")[2]
        common = ("Content-Type: application/json", "Content-Length: 2")
        self.assert_refused("malformed_request", 400, self.request(*common, "Authorization: Bearer x", content=b"{}"))
        self.assert_refused("malformed_request", 400, self.request(*common, query=f"?key={secret}", content=b"{}"))
        self.assertNotIn(secret[:40], (self.portal.state_dir / "log").read_text())

    def test_l05_a_key_that_went_astray_is_not_logged(self) -> None:
        secret = self.text.split("|")[2]
        self.send(f"{self.text} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        odd = ("Content-Type: text/plain; charset=rot13", "Content-Length: 2")
        answer = self.send(self.request(*odd, query=f"?key={secret}", content=b"{}"))
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer[:80])
        self.assertNotIn(secret[:40], (self.portal.state_dir / "log").read_text())

    def test_get_is_405(self) -> None:
        self.assertTrue(self.send(self.request(method="GET")).startswith(b"HTTP/1.1 405 "))

    def test_h03_what_could_be_read_in_two_ways_is_400(self) -> None:
        content = body(self.text).encode()
        length = f"Content-Length: {len(content)}"
        chunked = "Transfer-Encoding: chunked"
        for headers in ((length, "Content-Length: 3"), (length, chunked), (chunked, chunked), ("Content-Length: +5",)):
            answer = self.send(self.request("Content-Type: application/json", *headers, content=content))
            self.assertRegex(answer[:30], rb"^HTTP/1.1 (400|411|501) ")
        self.assertEqual(self.books("Wire")[:1], self.books("Wire")[2:3])

    def test_h01_a_header_that_poses_as_a_proxys_is_refused(self) -> None:
        raw = self.request("X_Forwarded_For: 192.0.2.1", "Content-Length: 2", content=b"{}")
        self.assertTrue(self.send(raw).startswith(b"HTTP/1.1 400 "))

    def test_h01_a_forged_address_is_not_recorded(self) -> None:
        answer = self.send(
            self.sized(body(self.text)).replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n", 1)
        )
        self.assertTrue(answer.startswith(b"HTTP/1.1 201 "), answer[:200])
        newest = "SELECT enrolled_from FROM enrollment_serviceedge ORDER BY id DESC LIMIT 1"
        self.assertEqual(self.value(newest), "127.0.0.1")

    def test_a03_an_answer_cut_off_after_the_commit_is_repeated(self) -> None:
        private_key = make_private_key()
        uses = self.books("Wire")[0]
        self.send(self.sized(body(self.text, make_csr(private_key))), wait=False)
        deadline = time.monotonic() + 20
        while self.books("Wire")[0] == uses and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.books("Wire")[0], uses + 1)
        status, answer = post(self.portal.url, body(self.text, make_csr(private_key)))
        self.assertEqual((status, self.books("Wire")[0]), (200, uses + 1))
        newest = "SELECT edge_id, der FROM enrollment_issuedcertificate ORDER BY id DESC LIMIT 1"
        sent = base64.b64decode("".join(answer["certificate"].splitlines()[1:-1]))
        self.assertEqual(sent, bytes(self.value(newest)[1]))

    def test_a_body_that_breaks_off_leaves_no_trace(self) -> None:
        before = self.books("Wire")
        whole = self.sized(body(self.text))
        for cut in (len(whole) - 1, len(whole) // 2):
            self.send(whole[:cut], wait=False)
        # The server still answers.
        self.assertEqual(post(self.portal.url, "{}")[0], 400)
        self.assertEqual(self.books("Wire"), before)
        self.assert_no_error_was_logged()

    def test_the_stock_recipe_of_openssl_and_curl_enrolls(self) -> None:
        """The lines that `make run` prints, with this test's key."""
        with tempfile.TemporaryDirectory() as directory:
            key_file = Path(directory) / "key.txt"
            key_file.write_text(self.text + "\n")
            script = recipe(self.portal.url, key_file)
            result = subprocess.run(["bash", "-ec", script], cwd=directory, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(re.search(r"subject=.*CN ?= ?[0-9a-f-]{36}", result.stdout), result.stdout)
