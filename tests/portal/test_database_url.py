"""DATABASE_URL as manuals of other products write it; errors quote no part of the password."""

from __future__ import annotations

import unittest
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection
from django.test import SimpleTestCase

from portal.database import configure
from portal.database_url import read
from portal.postgresql.base import DatabaseWrapper
from tests.support import database_conditions
from tests.support.postgresql import free_port

HARD = "p@ss/w#r?d% :+é&=[x]\\'\""


class ReadTests(SimpleTestCase):
    def parts(self, url: str, *names: str) -> list[Any]:
        found = read(url)
        return [found[name] for name in names]

    def test_files(self) -> None:
        self.assertEqual(self.parts("sqlite:////srv/a.sqlite3", "NAME"), ["/srv/a.sqlite3"])
        self.assertEqual(self.parts("sqlite:///var/a%20b%3F#1.sqlite3", "NAME"), ["var/a b?#1.sqlite3"])
        self.assertEqual(self.parts("sqlite:///:memory:", "NAME"), [":memory:"])

    def test_servers(self) -> None:
        hosts = ("HOST", "PORT", "OPTIONS")
        self.assertEqual(self.parts("postgres://u:p@h:5433/db", "ENGINE", "HOST"), ["portal.postgresql", "h"])
        self.assertEqual(self.parts("postgresql://u@[::1]:5433/db", *hosts), ["::1", "5433", {}])
        several = "postgresql://u:p@h1:5432,h2:5433/db?target_session_attrs=read-write"
        self.assertEqual(self.parts(several, *hosts), ["h1,h2", "5432,5433", {"target_session_attrs": "read-write"}])
        self.assertEqual(self.parts("postgresql://u@h1,h2/db", *hosts), ["h1,h2", ",", {}])
        for socket in ("postgresql://u@%2Frun%2Fpostgresql/db", "postgresql://u@/db?host=/run/postgresql"):
            self.assertEqual(self.parts(socket, "HOST", "NAME"), ["/run/postgresql", "db"])
        self.assertEqual(self.parts("postgresql:///db?service=x", "OPTIONS"), [{"service": "x"}])

    def test_passwords(self) -> None:
        encoded = f"postgresql://{quote('a@b', safe='')}:{quote(HARD, safe='')}@h/{quote('d/b', safe='')}"
        self.assertEqual(self.parts(encoded, "USER", "PASSWORD", "NAME"), ["a@b", HARD, "d/b"])
        for plain in ("p#w", "p:w", "p+w", "p?w", "p=w&x", "é", "p!$'()*,;", "[p]"):
            self.assertEqual(self.parts(f"postgresql://u:{plain}@h/db", "PASSWORD", "HOST"), [plain, "h"], plain)

    def test_what_cannot_be_read_is_said_and_not_quoted(self) -> None:
        cases = {
            "postgresql://u:s3cret@s3cret@h/db": "percent-encoded",
            "postgresql://u:s3cret/s3cret@h/db": "percent-encoded",
            "postgresql://u:s3cret?s3cret/@h/db": "percent-encoded",
            "postgresql://u:s3cret%s3cret@h/db": "percent-encoded",
            "postgresql://u:s3cret s3cret@h/db": "percent-encoded",
            "postgresql://u:s3cret%00@h/db": "percent-encoded",
            "postgresql://u:s3cret%FF@h/db": "percent-encoded",
            "postgresql://u:s3cret\udcff@h/db": "percent-encoded",
            "postgresql://u:s3cret@[::1/db": "percent-encoded",
            "postgresql://u:s3cret@h:s3cret/db": "port",
            "postgresql://u:s3cret@h:99999/db": "port",
            "postgresql://u:s3cret/db": "port",
            "postgresql://u:s3cret@h": "names no database",
            "postgresql://u:s3cret@h/db?pgbouncer=true": "does not know: pgbouncer",
            "postgresql://u:x@h/db?password=a&s3cret=b": "postgresql://",
            "mysql://u:s3cret@h/db": "must start with",
            "s3cret": "must start with",
            "sqlite://": "must name a file",
            "sqlite:///": "must name a file",
            "sqlite:///s3cret%00": "must name a file",
            "sqlite://a/b": "must name a file",
            "sqlite:///a?mode=ro": "takes no options",
        }
        for url, words in cases.items():
            with self.subTest(ascii(url)), self.assertRaises(ValueError) as caught:
                read(url)
            self.assertIn(words, str(caught.exception))
            self.assertNotIn("s3cret", str(caught.exception))
            self.assertIsNone(caught.exception.__cause__)


@unittest.skipUnless(connection.vendor == "postgresql", "needs a server to connect to")
class ConnectingTests(SimpleTestCase):
    databases = {"default"}  # noqa: RUF012  # for the connections of its own, below

    def connected(self, url: str) -> DatabaseWrapper:
        own = {**connection.settings_dict, **configure(read(url), 1000)}
        opened = DatabaseWrapper(own, "default")
        self.addCleanup(opened.close)
        opened.ensure_connection()
        return opened

    def test_the_host_that_answers_is_found_among_several(self) -> None:
        at = database_conditions.address()
        hosts = f"127.0.0.1:{free_port()},{at['host']}:{at['port']}"
        url = f"postgresql://postgres:{quote(HARD, safe='')}@{hosts}/{at['dbname']}?target_session_attrs=read-write"
        self.assertEqual(self.connected(url).connection.info.password, HARD)

    def test_options_of_the_address_are_added_to_the_limits(self) -> None:
        at = database_conditions.address()
        url = f"postgresql://postgres@{at['host']}:{at['port']}/{at['dbname']}?options=-c%20work_mem%3D5MB"
        opened = self.connected(url)
        ask = "SELECT current_setting('statement_timeout'), current_setting('work_mem'), current_setting('jit')"
        self.assertEqual(opened.connection.execute(ask).fetchone(), ("1s", "5MB", "off"))

    def test_a_socket(self) -> None:
        with database_conditions.administrator() as other:
            (directory,) = other.execute("SELECT current_setting('unix_socket_directories')").fetchone()
        at = database_conditions.address()
        url = f"postgresql://postgres@{quote(directory, safe='')}:{at['port']}/{at['dbname']}"
        self.assertEqual(self.connected(url).connection.info.host, str(Path(directory)))
