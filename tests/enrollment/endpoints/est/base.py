"""A small EST client, and the rules for every EST answer."""

from __future__ import annotations

import base64
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from enrollment.endpoints.est import answers
from portal.models import AuditEvent
from tests.enrollment.base import EnrollmentTestCase
from tests.enrollment.flawed_csrs import der_of
from tests.factories import make_csr

EST = "/.well-known/est"
SIMPLEENROLL = f"{EST}/simpleenroll"
ALLOWED_HEADERS = {
    "Content-Type", "Content-Length", "Cache-Control", "X-Content-Type-Options", "X-Request-Id", "Enrollment-Replay",
    "WWW-Authenticate", "Retry-After", "Allow",
}  # fmt: skip
# The headers that gunicorn adds.
SERVER_LINES = "Server: gunicorn\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: keep-alive\r\n\r\n"


def basic(password: str, user: str = "edge") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def body_of(csr: str) -> str:
    """The request as strongSwan sends it: base64 of the DER on one line."""
    return base64.b64encode(der_of(csr)).decode()


def certificates_in(response: Any) -> list[x509.Certificate]:
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(response.content, validate=True))


class EstTestCase(EnrollmentTestCase):
    """A key with five uses, as in the tests of the JSON endpoint."""

    def est(self, text: str, body: str | bytes | None = None, address: str = SIMPLEENROLL, **extra: Any) -> Any:
        """One simpleenroll; `text` is the password unless HTTP_AUTHORIZATION is given."""
        extra = {"content_type": "application/pkcs10", "HTTP_AUTHORIZATION": basic(text), **extra}
        extra = {name: value for name, value in extra.items() if value is not None}
        sent = body_of(make_csr()) if body is None else body
        response = self.client.generic("POST", address, sent, **extra)
        self.assert_lean(response)
        return response

    def assert_lean(self, response: Any) -> None:
        """Only headers that common clients know, and all of them within 1,024 bytes."""
        self.assertEqual(set(response.headers) - ALLOWED_HEADERS, set())
        self.assertFalse(response.cookies)
        lines = "".join(f"{name}: {value}\r\n" for name, value in response.items())
        block = f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\n{lines}{SERVER_LINES}"
        self.assertLess(len(block), 1_000)
        self.assertIn("no-store", response["Cache-Control"])
        self.assertEqual(response["X-Content-Type-Options"], "nosniff")
        if response.request["REQUEST_METHOD"] != "HEAD":
            self.assertEqual(int(response["Content-Length"]), len(response.content))

    def assert_says(self, response: Any, status: int, code: str) -> None:
        """One short line of text, and with every 401 a WWW-Authenticate header."""
        self.assertEqual(response.status_code, status, response.content)
        self.assertEqual(response["Content-Type"], "text/plain; charset=utf-8")
        self.assertRegex(response.content.decode(), rf"\A{code}: [A-Z][^\n]{{10,300}}\.\n\Z")
        asked = answers._CERTIFICATE if code in {"certificate_required", "unknown_certificate"} else answers._BASIC
        self.assertEqual(response.get("WWW-Authenticate"), asked if status == 401 else None)
        self.assertEqual("Retry-After" in response, status in {429, 503})

    def assert_admitted(self, response: Any, *, replayed: bool = False) -> x509.Certificate:
        self.assertEqual(response.status_code, 200, response.content)
        self.assertEqual(response["Content-Type"], "application/pkcs7-mime; smime-type=certs-only")
        self.assertEqual(response.get("Enrollment-Replay"), "true" if replayed else None)
        (certificate,) = certificates_in(response)
        return certificate

    @staticmethod
    def newest_event() -> AuditEvent:
        return AuditEvent.objects.latest("id")
