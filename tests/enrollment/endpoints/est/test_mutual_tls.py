"""Across modules: edges that present their certificate to the nginx of deploy/: the status, and revocation.

The proxy, the header it writes and the whole portal take part.
"""

from __future__ import annotations

import functools
import re
import ssl
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPMessage, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.enrollment.endpoints.est.base import basic, body_of, certificates_in
from tests.enrollment.live import LiveTestCase
from tests.factories import make_csr, make_private_key
from tests.support.live import ROOT, LivePortal
from tests.support.proxied import ProxiedPortal

pytestmark = pytest.mark.once
# One worker, because each has its own rate limit.
PROXIED = ProxiedPortal(workers=1)
REENROLL, ENROLL = "/.well-known/est/simplereenroll", "/.well-known/est/simpleenroll"
DOCS = ROOT / "docs" / "revocation.md"
CSR_TYPE = {"Content-Type": "application/pkcs10"}


def setUpModule() -> None:
    PROXIED.start()


def tearDownModule() -> None:
    PROXIED.stop()


@dataclass
class Answer:
    status: int
    headers: HTTPMessage
    content: bytes

    @property
    def outcome(self) -> str:
        """`200`, or the status and the code at the start of the text."""
        return str(self.status) if self.status == 200 else f"{self.status} {self.content.decode().partition(':')[0]}"


@dataclass
class Edge:
    """A machine with a certificate that is due for renewal, and its own connections."""

    pem: str
    private_key: Any
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.certificate = x509.load_pem_x509_certificate(self.pem.encode())

    @property
    def serial(self) -> str:
        return f"{self.certificate.serial_number:x}"

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(PROXIED.nginx.server_ca))
        private = self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(self.pem + private)
            file.flush()
            context.load_cert_chain(file.name)
        return context


class MutualTlsCase(LiveTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.portal = PROXIED.portal
        cls.text = cls().make_key(cls.__name__, 100)

    def edge(self, text: str = "") -> Edge:
        private_key = make_private_key()
        return Edge(self.enrolled_long_ago(text or self.text, private_key), private_key)

    def ask(
        self, edge: Edge | None = None, body: str | bytes | None = None, *, path: str = REENROLL,
        headers: dict[str, str] | None = None, method: str = "POST",
    ) -> Answer:  # fmt: skip
        """One request on a connection of its own; the body is a fresh request unless one is given."""
        context = edge.context() if edge else ssl.create_default_context(cafile=str(PROXIED.nginx.server_ca))
        connection = HTTPSConnection("localhost", PROXIED.nginx.port, context=context, timeout=30)
        return self.exchange(connection, method, path, body, headers)

    @staticmethod
    def exchange(
        connection: HTTPConnection, method: str, path: str, body: str | bytes | None, headers: dict[str, str] | None
    ) -> Answer:
        sent = body_of(make_csr()) if body is None else body
        connection.request(method, path, sent, {**CSR_TYPE, **(headers or {})})
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    def claim(self, edge: Edge) -> dict[str, str]:
        """The header that a person with only the edge's certificate would send."""
        return {"X-Client-Cert": quote(edge.pem, safe="")}


class StatusTests(MutualTlsCase):
    def assert_lean(self, answer: Answer) -> None:
        self.assertLess(len(str(answer.headers)), 950)
        self.assertIn("Content-Length", answer.headers)
        self.assertNotIn("Transfer-Encoding", answer.headers)

    def test_d07_the_answer_is_one_certificate_and_again_the_same(self) -> None:
        edge, csr = self.edge(), body_of(make_csr())
        uses = self.books(type(self).__name__)[0]
        first, second = self.ask(edge, csr), self.ask(edge, csr)
        self.assertEqual([answer.outcome for answer in (first, second)], ["200", "200"])
        self.assertEqual((first.headers["Enrollment-Replay"], second.headers["Enrollment-Replay"]), (None, "true"))
        self.assertEqual(first.content, second.content)
        self.assertEqual(first.headers["Content-Type"], "application/pkcs7-mime; smime-type=certs-only")
        (certificate,) = certificates_in(first)
        self.assertEqual(certificate.subject, edge.certificate.subject)
        self.assertEqual(self.books(type(self).__name__)[0], uses)
        for answer in (first, second):
            self.assert_lean(answer)

    def test_every_refusal_has_its_status(self) -> None:
        edge, spent, revoked = self.edge(), self.edge(), self.edge()
        self.ask(spent)
        foreign = body_of(make_csr(spent.private_key))
        self.portal.manage("revoke", "--serial", revoked.serial)
        young = make_private_key()
        enrolled = self.ask(None, body_of(make_csr(young)), path=ENROLL, headers={"Authorization": basic(self.text)})
        (fresh,) = certificates_in(enrolled)
        early = Edge(fresh.public_bytes(Encoding.PEM).decode(), young)
        answers = {
            "401 certificate_required": self.ask(),
            # nginx has not read the new list yet; the portal knows.
            "403 certificate_revoked": self.ask(revoked),
            "405 method_not_allowed": self.ask(edge, "", method="GET"),
            "409 certificate_superseded": self.ask(spent),
            "409 public_key_in_use": self.ask(edge, foreign),
            "409 renewal_not_due": self.ask(early),
            "415 unsupported_media_type": self.ask(edge, headers={"Content-Type": "text/plain"}),
            "422 csr_malformed": self.ask(edge, "AAAA"),
            "400 malformed_request": self.ask(edge, path=f"{REENROLL}?a=b"),
        }
        for expected, answer in answers.items():
            with self.subTest(expected):
                self.assertEqual(answer.outcome, expected)
                self.assert_lean(answer)
        self.assertEqual(self.ask(edge, "A" * 16_385).status, 413)
        self.assertEqual(self.ask(edge).outcome, "200")

    def test_an_issuer_that_may_not_sign_is_503_with_retry_after(self) -> None:
        text = self.make_key("Stopped", 5)
        edge = self.edge(text)
        own = "from tests.enrollment.base import make_issuer; print(make_issuer('Stopped').pk)"
        issuer = self.portal.manage("shell", "--verbosity", "0", "-c", own).strip()
        with self.database() as connection:
            connection.execute(f"UPDATE keys_signingcertificate SET enabled = false WHERE id = {issuer}")
            connection.execute(
                f"UPDATE keys_provisioningkey SET signing_certificate_id = {issuer} WHERE name = 'Stopped'"
            )
        for answer in (self.ask(edge), self.ask(None, path=ENROLL, headers={"Authorization": basic(text)})):
            self.assertEqual((answer.outcome, answer.headers["Retry-After"]), ("503 issuer_unavailable", "300"))
            self.assert_lean(answer)

    def test_h05_too_many_attempts_are_429_with_retry_after_and_edges_still_renew(self) -> None:
        edge = self.edge()
        # From another network, so that the rate limit does not affect other tests.
        connect = functools.partial(
            HTTPSConnection, "localhost", PROXIED.nginx.port, context=edge.context(), source_address=("127.0.7.1", 0)
        )
        persistent = connect()
        for _ in range(600):
            persistent.request("POST", ENROLL, b"", {**CSR_TYPE, "Authorization": basic("nonsense")})
            response = persistent.getresponse()
            response.read()
            self.assertEqual(response.status, 401)
        bad = {"Authorization": basic("nonsense")}
        for path, headers in ((ENROLL, bad), (REENROLL, {"Content-Type": "text/plain"})):
            answer = self.exchange(connect(), "POST", path, None, headers)
            self.assertEqual(answer.outcome, "429 rate_limited")
            self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 60)
            self.assert_lean(answer)
        self.assertEqual(self.exchange(connect(), "POST", REENROLL, None, None).outcome, "200")


class ClaimTests(MutualTlsCase):
    """H-01: an edge's certificate in a header does not make the sender that edge."""

    def test_h01_nginx_overwrites_what_a_client_claims(self) -> None:
        victim, other = self.edge(), self.edge()
        self.assertEqual(self.ask(headers=self.claim(victim)).outcome, "401 certificate_required")
        (certificate,) = certificates_in(self.ask(other, headers=self.claim(victim)))
        self.assertEqual(certificate.subject, other.certificate.subject)
        # The victim was not renewed by either.
        self.assertEqual(self.ask(victim).outcome, "200")

    def test_h01_over_plain_http_nothing_is_passed_on(self) -> None:
        connection = HTTPConnection("localhost", PROXIED.nginx.http_port, timeout=30)
        self.assertEqual(self.exchange(connection, "POST", REENROLL, None, self.claim(self.edge())).status, 403)

    def test_h01_gunicorn_itself_believes_the_proxy_alone(self) -> None:
        with LivePortal(workers=1, aged=True, extra={"TRUSTED_PROXIES": "127.0.0.1"}) as portal:
            self.portal, kept = portal, self.portal
            try:
                victim = self.edge(self.make_key("Direct", 1))
            finally:
                self.portal = kept
            for source, outcome in (("127.0.0.9", "401 certificate_required"), ("127.0.0.1", "200")):
                connection = HTTPConnection("127.0.0.1", portal.port, timeout=30, source_address=(source, 0))
                answer = self.exchange(connection, "POST", REENROLL, None, self.claim(victim))
                self.assertEqual(answer.outcome, outcome, source)


class RevocationTests(MutualTlsCase):
    """D-04 and T17, as the units in deploy/ do it: build_crls --pem into nginx's file, then a reload."""

    def status(self, edge: Edge) -> int:
        return self.ask(edge, "", path="/healthz", method="GET").status

    def build(self) -> None:
        self.portal.manage("build_crls", "--pem", str(PROXIED.nginx.edge_crl), "--verbosity", "0")

    def test_d04_t17_nginx_refuses_the_revoked_edge_and_no_other(self) -> None:
        lost, other = self.edge(), self.edge()
        self.assertEqual((self.status(lost), self.status(other)), (200, 200))
        begun = time.monotonic()
        self.portal.manage("revoke", "--serial", lost.serial, "--reason", "keyCompromise")
        revoked = time.monotonic()
        self.build()
        built = time.monotonic()
        PROXIED.nginx.reload()
        while self.status(lost) == 200 and time.monotonic() < built + 20:
            time.sleep(0.02)
        done = time.monotonic()
        steps = f"revoke {revoked - begun:.2f} s, build_crls {built - revoked:.2f} s, reload {done - built:.2f} s"
        print(f"\n{steps}; with the timer's 20 s at most {20 + done - revoked:.1f} s from the commit to the refusal")
        gauges = self.ask(None, "", path="/metrics", method="GET").content.decode()
        self.assertRegex(gauges, r'(?m)^portal_crl_age_seconds\{issuer="\d+"\} 3\d\d\.')
        self.assertNotRegex(gauges, r"(?m)^portal_crl_waiting.* [1-9]")
        refused = self.ask(lost)
        self.assertEqual(refused.outcome, "403 certificate_refused")
        self.assertIn(b"FAILED:certificate revoked", refused.content)
        self.assertEqual((self.status(other), self.ask(other).outcome), (200, "200"))

    def test_d04_t17_openssl_with_the_files_under_pki_agrees(self) -> None:
        """Everything is fetched over plain http from the addresses in the certificates."""
        lost, other = self.edge(), self.edge()
        self.portal.manage("revoke", "--serial", lost.serial)
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        root, issuer = (self.value(f"SELECT id FROM keys_signingcertificate WHERE name = '{name}'")
                        for name in ("Root", "Service Edge"))  # fmt: skip
        (lines,) = re.findall(r"^```sh\n(for id.*?)^```$", DOCS.read_text(), re.DOTALL | re.MULTILINE)
        script = lines.replace("http://portal.example.com", PROXIED.nginx.http_url)
        script = script.replace("in 1 2", f"in {root} {issuer}")
        script = script.replace("CAfile 1.pem", f"CAfile {root}.pem").replace(
            "untrusted 2.pem", f"untrusted {issuer}.pem"
        )
        for edge, verdict in ((other, "edge.pem: OK"), (lost, "error 23 at 0 depth lookup: certificate revoked")):
            (directory / "edge.pem").write_text(edge.pem)
            result = subprocess.run(["bash", "-ec", script], cwd=directory, capture_output=True, text=True)
            self.assertEqual(result.returncode == 0, edge is other, result.stderr)
            self.assertIn(verdict, result.stdout + result.stderr)

    def test_the_units_in_deploy_do_these_steps(self) -> None:
        """The units run the same commands as the other tests."""
        units = {path.name: path.read_text() for path in (ROOT / "deploy").glob("portal-crls*")}
        self.assertIn("manage.py build_crls --pem /var/lib/portal-crls/crls.pem", units["portal-crls.service"])
        self.assertIn("OnUnitInactiveSec=20s", units["portal-crls.timer"])
        self.assertIn("PathChanged=/var/lib/portal-crls/crls.pem", units["portal-crls-reload.path"])
        self.assertIn("systemctl reload nginx.service", units["portal-crls-reload.service"])
