"""Across modules: strongSwan, curl and openssl enroll over real TLS through the nginx of deploy/.

Administrators already have these programs. The commands are those of docs/enrollment.md.
"""

from __future__ import annotations

import re
import ssl
import subprocess
import tempfile
import urllib.parse
import urllib.request
from http.client import HTTPSConnection
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from tests.enrollment.endpoints.est.base import basic, body_of
from tests.enrollment.live import LiveTestCase
from tests.factories import make_csr, make_private_key
from tests.support.html import csrf_token
from tests.support.live import PASSWORD, ROOT
from tests.support.proxied import EDGE_CA, ProxiedPortal

pytestmark = pytest.mark.once
SQLITE = ProxiedPortal()

DOCS = ROOT / "docs" / "enrollment.md"


def setUpModule() -> None:
    SQLITE.start()


def tearDownModule() -> None:
    SQLITE.stop()


def recipe(title: str) -> str:
    """The shell lines that docs/enrollment.md shows under this heading."""
    section = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ )", DOCS.read_text() + "\n# ", re.DOTALL | re.MULTILINE)
    assert section, title
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE))


class StockClientCase(LiveTestCase):
    """A portal behind nginx, and a directory for each test with the key and the web server's CA in it."""

    proxied = SQLITE

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.portal = cls.proxied.portal
        cls.key_name = cls.__name__
        cls.text = cls().make_key(cls.key_name, 50)

    def setUp(self) -> None:
        self.url = self.proxied.nginx.url
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="portal-stock-")))
        self.put("key.txt", self.text + "\n")
        self.put("web-ca.pem", self.proxied.nginx.server_ca.read_text())

    def put(self, name: str, content: str) -> None:
        (self.directory / name).write_text(content)

    def run_shell(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-ec", script], cwd=self.directory, capture_output=True, text=True, timeout=120,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/usr/local/bin", "LC_ALL": "C", "HOME": str(self.directory)},
        )  # fmt: skip

    def run_recipe(self, title: str) -> str:
        """The output of the commands in the docs, with this server's address and CA."""
        script = recipe(title).replace("https://portal.example.com", self.url)
        result = self.run_shell(script)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def certificate(self, name: str = "edge.pem") -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.directory / name).read_bytes())

    def long_ago(self, private_key: Any = None) -> x509.Certificate:
        """An edge whose certificate is due, in edge.key and edge.pem."""
        private_key = private_key or make_private_key()
        self.put("edge.pem", self.enrolled_long_ago(self.text, private_key))
        pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
        self.put("edge.key", pem)
        return self.certificate()

    def assert_renewed(self, old: x509.Certificate) -> x509.Certificate:
        """next.pem is the edge's newest certificate, for next.key, of the same identity."""
        new = self.certificate("next.pem")
        self.assertEqual(new.subject, old.subject)
        self.assertGreater(new.not_valid_after_utc, old.not_valid_after_utc)
        names = [each.extensions.get_extension_for_class(x509.SubjectAlternativeName) for each in (new, old)]
        self.assertEqual(names[0], names[1])
        self.assert_ours(new, "next")
        return new

    def assert_ours(self, certificate: x509.Certificate, name: str = "edge") -> None:
        """The newest certificate of the database, for the key beside it, and good for clients only."""
        newest = "SELECT edge_id, der FROM enrollment_issuedcertificate ORDER BY id DESC LIMIT 1"
        self.assertEqual(x509.load_der_x509_certificate(bytes(self.value(newest)[1])), certificate)
        mine = self.run_shell(f"openssl pkey -in {name}.key -pubout; openssl x509 -in {name}.pem -noout -pubkey").stdout
        half = len(mine) // 2
        self.assertEqual(mine[:half], mine[half:])
        self.run_shell(EDGE_CA.format(url=self.portal.url) + " > all.pem")
        for purpose, accepted in (("sslclient", True), ("sslserver", False)):
            result = self.run_shell(f"openssl verify -x509_strict -purpose {purpose} -CAfile all.pem {name}.pem")
            self.assertEqual(result.returncode == 0, accepted, result.stdout + result.stderr)


class StrongSwan:
    """Debian's `pki`, which brings a TLS and an EST of its own. Run on each database by a class below."""

    def enroll(self: Any, csr: str = "edge.csr", user: str = "edge") -> Any:
        return self.run_shell(
            f"pki --est --url {self.url} --cacert web-ca.pem $(printf -- '--cacert %s ' ca*.pem)"
            f' --in {csr} --userpass "{user}:$(cat key.txt)" --outform pem > edge.pem'
        )

    def prepare(self: Any) -> None:
        result = self.run_shell(
            f"pki --estca --url {self.url} --cacert web-ca.pem --caout ca.pem --outform pem\n"
            "openssl ecparam -name prime256v1 -genkey -noout -out edge.key\n"
            "openssl req -new -key edge.key -subj /CN=edge -outform DER -out edge.csr"
        )
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_recipe_in_the_docs_enrolls(self: Any) -> None:
        uses = self.books(self.key_name)[0]
        shown = self.run_recipe("With strongSwan")
        self.assertIn("Issued certificate is trusted", shown)
        self.assertEqual(self.books(self.key_name)[0], uses + 1)
        self.assert_ours(self.certificate())

    def test_cacerts_are_the_root_and_those_it_signed(self: Any) -> None:
        self.prepare()
        names = [
            self.certificate(path.name).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
            for path in sorted(self.directory.glob("ca*.pem"))
        ]
        self.assertEqual(sorted(names), ["Client", "Connector", "Root", "Service Edge"])

    def test_a03_asked_again_it_gets_the_same_certificate_at_no_second_use(self: Any) -> None:
        self.prepare()
        self.assertEqual(self.enroll().returncode, 0)
        first, uses = self.certificate(), self.books(self.key_name)[0]
        self.assertEqual(self.enroll().returncode, 0)
        self.assertEqual((self.certificate(), self.books(self.key_name)[0]), (first, uses))

    def test_it_is_told_the_status_of_a_refusal(self: Any) -> None:
        self.prepare()
        self.put("key.txt", self.make_key("Single", 1))
        self.assertEqual(self.enroll().returncode, 0)
        self.run_shell("openssl ecparam -name prime256v1 -genkey -noout -out other.key")
        self.run_shell("openssl req -new -key other.key -subj /CN=edge -outform DER -out other.csr")
        for key, code in (((self.directory / "key.txt").read_text(), "403"), (self.text[:-9] + "AAAAAAA==", "401")):
            self.put("key.txt", key)
            result = self.enroll("other.csr")
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(f"HTTP {code}", re.sub(r"\s+", " ", result.stderr))

    def reenroll(self: Any, csr: str) -> Any:
        """As its manual says: the old certificate and key log in, the request is for the new key."""
        return self.run_shell(
            f"pki --est --url {self.url} --cacert web-ca.pem $(printf -- '--cacert %s ' ca*.pem)"
            f" --in {csr} --cert edge.pem --key edge.key --outform pem > next.pem"
        )

    def test_d07_the_recipe_in_the_docs_reenrolls(self: Any) -> None:
        self.prepare()
        old, uses = self.long_ago(), self.books(self.key_name)[0]
        shown = self.run_recipe("Re-enrolling with strongSwan")
        self.assertIn("sending TLS client certificate", shown)
        self.assertIn("Issued certificate is trusted", shown)
        self.assert_renewed(old)
        self.assertEqual(self.books(self.key_name)[0], uses)

    def test_a03_re_enrolling_again_gives_the_same_certificate(self: Any) -> None:
        self.prepare()
        old = self.long_ago()
        self.run_shell("openssl ecparam -name prime256v1 -genkey -noout -out next.key")
        self.run_shell("openssl req -new -key next.key -subj /CN=edge -outform DER -out next.csr")
        self.assertEqual(self.reenroll("next.csr").returncode, 0)
        first = self.assert_renewed(old)
        self.assertEqual(self.reenroll("next.csr").returncode, 0)
        self.assertEqual(self.assert_renewed(old), first)

    def test_rfc_7030_4_2_2_a_request_with_the_names_of_the_certificate(self: Any) -> None:
        """The request of a client that follows the RFC strictly, here with the old key pair."""
        self.prepare()
        old = self.long_ago()
        names = old.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        request = x509.CertificateSigningRequestBuilder(old.subject).add_extension(names, critical=False)
        private_key = load_pem_private_key((self.directory / "edge.key").read_bytes(), None)
        (self.directory / "next.csr").write_bytes(request.sign(private_key, hashes.SHA256()).public_bytes(Encoding.DER))
        self.run_shell("cp edge.key next.key")
        result = self.reenroll("next.csr")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.assert_renewed(old).public_key(), old.public_key())

    def test_an_rsa_edge_re_enrolls(self: Any) -> None:
        self.prepare()
        old = self.long_ago(rsa.generate_private_key(65537, 2048))
        self.run_shell("openssl genrsa -out next.key 2048")
        self.run_shell("openssl req -new -key next.key -subj /CN=edge -outform DER -out next.csr")
        result = self.reenroll("next.csr")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_renewed(old)

    def test_d05_re_enrolling_is_told_the_status_of_a_refusal(self: Any) -> None:
        self.prepare()
        serial = f"{self.long_ago().serial_number:x}"
        for _ in range(2):
            self.run_shell("openssl ecparam -name prime256v1 -genkey -noout -out next.key")
            self.run_shell("openssl req -new -key next.key -subj /CN=edge -outform DER -out next.csr")
            result = self.reenroll("next.csr")
        self.assertIn("HTTP 409", re.sub(r"\s+", " ", result.stderr))
        self.portal.manage("revoke", "--serial", serial, "--reason", "keyCompromise")
        self.assertIn("HTTP 403", re.sub(r"\s+", " ", self.reenroll("next.csr").stderr))


class StrongSwanTests(StrongSwan, StockClientCase):
    pass


class StrongSwanPostgresqlTests(StrongSwan, StockClientCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.proxied = cls.enterClassContext(ProxiedPortal(postgresql=True))
        super().setUpClass()


class CurlTests(StockClientCase):
    def test_the_recipe_in_the_docs_enrolls(self) -> None:
        uses = self.books(self.key_name)[0]
        shown = self.run_recipe("EST with openssl and curl")
        self.assertIn("edge.pem: OK", shown)
        self.assertEqual(self.books(self.key_name)[0], uses + 1)
        self.assert_ours(self.certificate())

    def test_d07_the_recipe_in_the_docs_reenrolls(self) -> None:
        self.run_shell(EDGE_CA.format(url=self.portal.url) + " > ca.pem")
        old, uses = self.long_ago(), self.books(self.key_name)[0]
        self.assertIn("next.pem: OK", self.run_recipe("Re-enrolling with openssl and curl"))
        self.assert_renewed(old)
        self.assertEqual(self.books(self.key_name)[0], uses)

    def post(
        self, *options: str, csr: str = "", text: str = "", path: str = "simpleenroll", kind: str = "application/pkcs10"
    ) -> str:
        """The status and the body that curl prints. The key is never in the command line."""
        self.put("request", csr or body_of(make_csr()))
        self.put("curlrc", f'user = "edge:{text or self.text}"\n')
        command = [
            "curl", "-sS", "--cacert", "web-ca.pem", "-K", "curlrc", "-H", f"Content-Type: {kind}",
            "--data-binary", "@request", "-w", "\n%{http_code}", *options, f"{self.url}/.well-known/est/{path}",
        ]  # fmt: skip
        result = subprocess.run(command, cwd=self.directory, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_every_status_on_the_wire_is_its_own(self) -> None:
        other = self.make_key("Other", 5)
        used = body_of(make_csr())
        self.assertTrue(self.post(csr=used, text=other).endswith("\n200"))
        full = self.make_key("Full", 1)
        self.post(text=full)
        answers = {
            "401 malformed_key": self.post(text="nonsense"),
            "403 key_exhausted": self.post(text=full),
            "404 unknown_label": self.post(path="4711/simpleenroll"),
            "404 unknown_operation": self.post(path="fullcmc"),
            "405 method_not_allowed": self.post("-X", "PUT"),
            "409 public_key_in_use": self.post(csr=used),
            "415 unsupported_media_type": self.post(kind="text/plain"),
            "422 csr_malformed": self.post(csr="AAAA"),
        }
        for expected, shown in answers.items():
            status, code = expected.split()
            self.assertTrue(shown.startswith(f"{code}: ") and shown.endswith(f"\n{status}"), shown)
        self.assertTrue(self.post(csr="A" * 16_385).endswith("\n413"))

    def test_a_client_that_waits_for_the_challenge_enrolls(self) -> None:
        """Curl --anyauth sends an empty request first and the key when it is asked."""
        self.assertTrue(self.post("--anyauth").endswith("\n200"))

    def test_a_client_certificate_that_is_not_asked_for_does_no_harm(self) -> None:
        """EST clients may show the certificate they have."""
        self.run_recipe("EST with openssl and curl")
        self.assertTrue(self.post("--cert", "edge.pem", "--key", "edge.key").endswith("\n200"))


class WireTests(StockClientCase):
    def head(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """The status, and every byte up to the empty line."""
        context = ssl.create_default_context(cafile=str(self.proxied.nginx.server_ca))
        connection = HTTPSConnection("localhost", self.proxied.nginx.port, context=context, timeout=30)
        connection.request(method, f"/.well-known/est/{path}", body, headers)
        assert connection.sock
        with connection.sock as raw:
            received = b""
            while b"\r\n\r\n" not in received:
                received += raw.recv(4096)
        block = received.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        return int(block.split()[1]), block

    def test_all_headers_together_stay_below_1000_bytes(self) -> None:
        """StrongSwan reads them at once into 1,024 bytes, and needs HTTP/1.1 and a length."""
        kind = {"Content-Type": "application/pkcs10"}
        own, bad = {"Authorization": basic(self.text), **kind}, {"Authorization": basic("x"), **kind}
        csr = body_of(make_csr()).encode()
        asked: list[tuple[int, str, str, bytes, dict[str, str]]] = [
            (200, "GET", "cacerts", b"", {}), (200, "GET", "csrattrs", b"", {}), (404, "GET", "9999/cacerts", b"", {}),
            (404, "GET", "fullcmc", b"", {}), (405, "DELETE", "cacerts", b"", {}),
            (401, "POST", "simpleenroll", csr, {}), (401, "POST", "simpleenroll", csr, bad),
            (200, "POST", "simpleenroll", csr, own),
            (200, "POST", "simpleenroll", csr, own), (415, "POST", "simpleenroll", csr, {**own, "Content-Type": "a/b"}),
            (422, "POST", "simpleenroll", b"AAAA", own), (400, "POST", "simpleenroll?x=y", csr, own),
            (413, "POST", "simpleenroll", b"A" * 16_385, own),
        ]  # fmt: skip
        longest = 0
        for status, method, path, body, headers in asked:
            with self.subTest(f"{status} {method} {path}"):
                answered, block = self.head(method, path, body, **headers)
                self.assertEqual(answered, status)
                self.assertTrue(block.startswith(b"HTTP/1.1 "))
                self.assertIn(b"\r\nContent-Length: ", block)
                self.assertNotRegex(
                    block.lower(), rb"transfer-encoding|set-cookie|vary|security-policy|content-encoding"
                )
                longest = max(longest, len(block))
        self.assertLess(longest, 1_000)

    def test_a_browser_signs_in_through_the_same_nginx(self) -> None:
        """Cookies, Origin and the forwarded scheme fit together."""
        context = ssl.create_default_context(cafile=str(self.proxied.nginx.server_ca))
        cookies = CookieJar()
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), urllib.request.HTTPCookieProcessor(cookies)
        )
        token = csrf_token(opener.open(f"{self.url}/accounts/login/").read().decode())
        fields = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
        request = urllib.request.Request(f"{self.url}/accounts/login/", urllib.parse.urlencode(fields).encode())
        request.add_header("Origin", self.url)
        answer = opener.open(request)
        self.assertEqual(answer.url, f"{self.url}/")
        self.assertIn("__Host-session", {cookie.name for cookie in cookies})

    def test_the_edges_address_is_the_clients_and_the_request_id_is_that_of_the_access_log(self) -> None:
        csr = body_of(make_csr()).encode()
        kind = {"Content-Type": "application/pkcs10", "X-Forwarded-For": "192.0.2.1"}
        _, block = self.head("POST", "simpleenroll", csr, Authorization=basic(self.text), **kind)
        request_id = re.search(rb"X-Request-Id: ([0-9a-f]{32})", block)
        assert request_id
        recorded = "SELECT client_ip, request_id FROM portal_auditevent ORDER BY id DESC LIMIT 1"
        self.assertEqual(tuple(self.value(recorded)), ("127.0.0.1", request_id[1].decode()))
        self.assertTrue(self.proxied.nginx.has_logged(request_id[1].decode()))

    def test_l01_no_log_holds_the_key_or_its_basic_form(self) -> None:
        """All that nginx and the portal logged in this class, refusals and errors included."""
        csr = body_of(make_csr()).encode()
        for path in ("simpleenroll", "simpleenroll?x=y", f"{self.text.replace('|', '%7C')}/cacerts"):
            self.head("POST", path, csr, Authorization=basic(self.text), **{"Content-Type": "application/pkcs10"})
        logs = (
            self.portal.state_dir / "log",
            self.proxied.nginx.access_log,
            self.proxied.nginx.directory / "error.log",
        )
        written = "".join(path.read_text() for path in logs)
        self.assertIn("simpleenroll", written)
        for secret in (self.text[40:80], basic(self.text)[40:80]):
            self.assertNotIn(secret, written)
