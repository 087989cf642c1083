"""deploy/nginx.conf itself, in a real nginx: what reaches the portal, and what does not (H-01 to H-03)."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import unittest
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from keys.crypto.ca_certificates import Authority, make_authority
from tests.factories import make_private_key
from tests.support.nginx import SITE, Nginx

pytestmark = pytest.mark.once

ENROLL = "/.well-known/est/simplereenroll"
CLAIMS = {
    "X-Client-Cert": "forged", "Client-Cert": ":forged:", "Client-Cert-Chain": "forged", "X_Client_Cert": "forged",
    "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "ftp", "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=192.0.2.1", "X-Request-Id": "chosen-by-client", "X-Forwarded-Tls-Client-Cert": "forged",
    "X-Forwarded-Client-Cert": "forged", "X-Amzn-Mtls-Clientcert": "forged", "X-Amzn-Mtls-Clientcert-Leaf": "forged",
}  # fmt: skip


class Echo(BaseHTTPRequestHandler):
    """In the portal's place: answers with the headers and the body it was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        answer = json.dumps({"headers": self.headers.items(), "body": body}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


def issue(authority: Authority, serial: int, days: int = 1) -> tuple[bytes, bytes]:
    """An edge's certificate and its key, in PEM."""
    key, now = make_private_key(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"edge {serial}")])
    usage = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = (
        x509.CertificateBuilder(authority.certificate.subject, name, key.public_key(), serial)
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(usage, critical=False)
        .sign(authority.private_key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


def crl(authority: Authority, *serials: int, days: int = 1) -> str:
    now = datetime.now(UTC)
    period = (now - timedelta(days=2), now + timedelta(days=days))
    builder = x509.CertificateRevocationListBuilder(authority.certificate.subject, *period)
    for serial in serials:
        revoked = x509.RevokedCertificateBuilder(serial, now).build()
        builder = builder.add_revoked_certificate(revoked)
    return builder.sign(authority.private_key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def pem(authority: Authority) -> str:
    return authority.certificate.public_bytes(Encoding.PEM).decode()


class NginxTests(unittest.TestCase):
    nginx: Nginx

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        now = datetime.now(UTC)
        cls.root = make_authority("Root", "Tests", now=now, days=30, key_type="EC P-256")
        cls.ca = make_authority("Service Edge", "Tests", now=now, days=30, key_type="EC P-256", parent=cls.root)
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.shutdown)
        cls.nginx = cls.enterClassContext(cls.behind(crl(cls.root) + crl(cls.ca, 13)))

    @classmethod
    def behind(cls, lists: str) -> Nginx:
        """The same with other revocation lists."""
        return Nginx(f"127.0.0.1:{cls.server.server_port}", pem(cls.ca) + pem(cls.root), lists)

    def ask(self, path: str = "/x", *, identity: Any = None, body: Any = b"", secure: bool = True, **extra: Any) -> Any:
        """The status, and what the portal was sent (None when nothing reached it)."""
        if secure:
            context = ssl.create_default_context(cafile=str(self.nginx.server_ca))
            if identity:
                self.present(context, identity)
            connection: HTTPConnection = HTTPSConnection("localhost", self.nginx.port, context=context, timeout=20)
        else:
            connection = HTTPConnection("localhost", self.nginx.http_port, timeout=20)
        try:
            connection.request("POST", path, body, {**CLAIMS, **extra.pop("headers", {})}, **extra)
            response = connection.getresponse()
            content = response.read()
            self.told = response.headers, content.decode()
        finally:
            connection.close()
        is_echo = response.status == 200
        return response.status, json.loads(content) if is_echo else None

    def present(self, context: ssl.SSLContext, identity: tuple[bytes, bytes]) -> None:
        path = self.nginx.directory / "identity.pem"
        path.write_bytes(b"".join(identity))
        context.load_cert_chain(path)

    def headers(self, **options: Any) -> dict[str, str]:
        status, seen = self.ask(**options)
        self.assertEqual(status, 200)
        names = [name.lower() for name, _ in seen["headers"]]
        self.assertEqual(len(names), len(set(names)), "a header stands twice")
        return {name.lower(): value for name, value in seen["headers"]}

    def test_h01_what_a_client_claims_about_itself_ends_at_nginx(self) -> None:
        for path in ("/x", ENROLL, "/enrollment/v1/enroll"):
            with self.subTest(path):
                seen = self.headers(path=path)
                self.assertNotIn("forged", json.dumps(seen))
                self.assertNotIn("x-client-cert", seen)
                self.assertEqual((seen["x-forwarded-for"], seen["x-forwarded-proto"]), ("127.0.0.1", "https"))
                self.assertFalse({"forwarded", "x-forwarded-host", "client-cert", "client-cert-chain"} & set(seen))
                self.assertRegex(seen["x-request-id"], r"\A[0-9a-f]{32}\Z")

    def test_h01_also_over_plain_http(self) -> None:
        seen = self.headers(path="/pki/1.crl", secure=False)
        self.assertNotIn("forged", json.dumps(seen))
        self.assertEqual((seen["x-forwarded-for"], seen["x-forwarded-proto"]), ("127.0.0.1", "http"))

    def test_the_host_keeps_its_port(self) -> None:
        """A browser names the port in Origin, and the portal compares the two."""
        self.assertEqual(self.headers()["host"], f"localhost:{self.nginx.port}")

    def test_a_verified_certificate_is_handed_over_whole(self) -> None:
        identity = issue(self.ca, 7)
        for path in ("/x", ENROLL):
            seen = self.headers(path=path, identity=identity)
            self.assertEqual(unquote(seen["x-client-cert"]).encode(), identity[0])

    def test_d05_a_certificate_of_a_rogue_ca_of_the_same_name_is_refused(self) -> None:
        rogue = make_authority("Service Edge", "Tests", now=datetime.now(UTC), days=30, key_type="EC P-256")
        self.assertEqual(self.ask(identity=issue(rogue, 7)), (403, None))

    def test_d04_a_revoked_certificate_is_refused_while_another_is_not(self) -> None:
        self.assertEqual(self.ask(identity=issue(self.ca, 13)), (403, None))
        self.assertEqual(self.ask(identity=issue(self.ca, 14))[0], 200)

    def test_d05_who_shows_a_bad_certificate_is_told_why(self) -> None:
        gone = issue(self.ca, 15, days=-1)
        stranger = make_authority("Stranger", "Tests", now=datetime.now(UTC), days=30, key_type="EC P-256")
        for identity, reason in ((issue(self.ca, 13), "certificate revoked"), (gone, "certificate has expired"),
                                 (issue(stranger, 16), "unable to verify the first certificate")):  # fmt: skip
            with self.subTest(reason):
                self.assertEqual(self.ask(ENROLL, identity=identity), (403, None))
                headers, text = self.told
                self.assertRegex(text, rf"\Acertificate_refused: .*\(FAILED:{reason}\).*\n\Z")
                self.assertEqual((headers["Content-Type"], headers["Connection"]), ("text/plain", "close"))
                self.assertLess(len(str(headers)), 900)
        self.assertTrue(self.nginx.has_logged('"certificate":"FAILED:certificate revoked"'))

    def test_d04_a_session_that_began_before_the_revocation_is_not_resumed(self) -> None:
        """In TLS 1.2 a resumed session would be of the verdict at its beginning."""
        lists, identity = self.nginx.edge_crl.read_text(), issue(self.ca, 17)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                context = ssl.create_default_context(cafile=str(self.nginx.server_ca))
                context.minimum_version = context.maximum_version = version
                self.present(context, identity)
                status, session = self.resume(context)
                self.assertEqual(status, b"200")
                try:
                    self.nginx.edge_crl.write_text(crl(self.root) + crl(self.ca, 13, 17))
                    self.nginx.reload()
                    self.assertEqual(self.resume(context, session)[0], b"403")
                finally:
                    self.nginx.edge_crl.write_text(lists)
                    self.nginx.reload()

    def resume(self, context: ssl.SSLContext, session: Any = None) -> tuple[bytes, Any]:
        """The status of one request, and the session to go on with."""
        plain = socket.create_connection(("localhost", self.nginx.port), timeout=20)
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as connection:
            connection.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(65_536).split()[1], connection.session

    def test_t17_a_list_that_is_missing_or_has_expired_lets_nobody_in(self) -> None:
        """The root's too: nginx looks for the list of each certificate in the chain."""
        for lists in (crl(self.ca), crl(self.root), crl(self.root, days=-1) + crl(self.ca)):
            with self.behind(lists) as nginx:
                kept, type(self).nginx = self.nginx, nginx
                try:
                    self.assertEqual(self.ask(identity=issue(self.ca, 14)), (403, None))
                    self.assertEqual(self.ask()[0], 200)
                finally:
                    type(self).nginx = kept

    def test_h02_a_chunked_body_reaches_the_portal_with_its_length(self) -> None:
        status, seen = self.ask(ENROLL, body=iter([b"abc", b"def"]), encode_chunked=True,
                                headers={"Transfer-Encoding": "chunked"})  # fmt: skip
        headers = {name.lower(): value for name, value in seen["headers"]}
        self.assertEqual((status, seen["body"], headers["content-length"]), (200, "abcdef", "6"))
        self.assertNotIn("transfer-encoding", headers)

    def test_a_machines_body_may_be_16_kib(self) -> None:
        for path in (ENROLL, "/enrollment/v1/enroll"):
            self.assertEqual(self.ask(path, body=b"x" * 16_384)[0], 200)
            self.assertEqual(self.ask(path, body=b"x" * 16_385), (413, None))
        self.assertEqual(self.ask("/x", body=b"x" * 16_385)[0], 200)

    def test_plain_http_serves_lists_and_issuers_only(self) -> None:
        for path, status in (("/pki/1.crl", 200), ("/healthz", 200), ("/", 301), ("/service-edge-keys/", 301)):
            self.assertEqual(self.ask(path, secure=False)[0], status)
        # Not a redirect, which would let a key travel in clear unnoticed.
        for path in (ENROLL, "/enrollment/v1/enroll"):
            self.assertEqual(self.ask(path, secure=False), (403, None))

    def test_l05_no_log_holds_a_query_string_or_a_key(self) -> None:
        secret = "PSEKabcdefghijklmnopqrstuvwxyz"
        for path in (f"/x?key={secret}", f"{ENROLL}?key={secret}", f"/.well-known/est/1|d|{secret}==/cacerts"):
            self.ask(path)
            self.ask(path, secure=False)
            self.ask(path, body=b"x" * 300_000)
        logs = [self.nginx.access_log, self.nginx.directory / "error.log"]
        written = "".join(Path(log).read_text() for log in logs)
        self.assertIn('"path":"(a provisioning key)"', written)
        self.assertNotIn(secret[5:], written)
        for line in self.nginx.access_log.read_text().splitlines():
            self.assertIn("request_id", json.loads(line))

    def test_only_tls_1_2_and_1_3_with_authenticated_ciphers(self) -> None:
        """T23, as far as the offer of a stock client shows."""
        target = f"localhost:{self.nginx.port}"
        for options, accepted in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True),
                                  ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256", False)):  # fmt: skip
            command = [
                "openssl",
                "s_client",
                "-connect",
                target,
                "-CAfile",
                str(self.nginx.server_ca),
                *options.split(),
            ]
            result = subprocess.run(command, input=b"", capture_output=True)
            self.assertEqual(result.returncode == 0, accepted, options)

    def test_every_placeholder_is_explained(self) -> None:
        import re

        head, _, rest = SITE.read_text().partition("upstream portal")
        names = set(re.findall(r"@[A-Z_]+@", rest))
        self.assertEqual(names, set(re.findall(r"@[A-Z_]+@", head)))
