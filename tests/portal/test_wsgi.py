"""The WSGI entry point ignores the charset that a client names."""

import io

from portal.wsgi import application
from tests.base import PortalTestCase


def status_of(content_type: str, query: str, method: str = "GET", body: bytes = b"") -> str:
    seen: list[str] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": "/healthz",
        "QUERY_STRING": query,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "443",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
    }
    list(application(environ, lambda status, headers, *rest: seen.append(status)))
    return seen[0]


class CharsetTest(PortalTestCase):
    def test_odd_charsets_are_ignored(self) -> None:
        for charset in ("rot13", "hex", "undefined", "punycode", "idna", "unicode_escape", '"rot13"', "no-such"):
            for content_type in (f"text/plain; charset={charset}", f"text/plain;CHARSET = {charset}; a=b"):
                self.assertEqual(status_of(content_type, "x=1"), "200 OK", content_type)

    def test_what_is_left_of_a_header_makes_no_new_charset(self) -> None:
        self.assertEqual(status_of('text/plain;cha;charset="x"rset=rot13', "x=1"), "200 OK")

    def test_nor_those_in_the_spelling_of_rfc_2231(self) -> None:
        for parameter in ("charset*=utf-8''rot13", "CHARSET* = utf-8''undefined", "charset*=rot13"):
            self.assertEqual(status_of(f"text/plain; {parameter}", "x=1"), "200 OK", parameter)
