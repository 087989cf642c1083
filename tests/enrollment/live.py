"""A running portal, and direct access to its database."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import unittest
from collections.abc import Iterator
from typing import Any

import psycopg

from tests.factories import make_csr
from tests.support.live import LivePortal


class LiveTestCase(unittest.TestCase):
    """A running portal, whose database the tests read and write directly."""

    portal: LivePortal

    def make_key(self, name: str, max_uses: int) -> str:
        arguments = ["--name", name, "--group", "Race", "--max-uses", str(max_uses)]
        return self.portal.manage("create_key", *arguments).strip()

    def enrolled_long_ago(self, text: str, private_key: Any) -> str:
        """A certificate with less than a third of its validity left, made by the operation with an earlier clock."""
        program = (
            "from tests.enrollment.old_enrollments import enroll_long_ago; "
            f"print(enroll_long_ago({text!r}, [{make_csr(private_key)!r}])[0].certificate)"
        )
        return self.portal.manage("shell", "--verbosity", "0", "-c", program)

    @contextlib.contextmanager
    def database(self) -> Iterator[Any]:
        if self.portal.database_url:
            connection: Any = psycopg.connect(self.portal.database_url, autocommit=True)
        else:
            path = self.portal.state_dir / "portal.sqlite3"
            connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        with contextlib.closing(connection):
            yield connection

    def value(self, query: str) -> Any:
        with self.database() as connection:
            (row,) = connection.execute(query).fetchall()
        return row[0] if len(row) == 1 else row

    def books(self, name: str) -> tuple[int, int, int, int, int]:
        """Uses, edges, certificates, distinct serials and enrollment events of the key, at one moment."""
        edges = f"SELECT id FROM enrollment_serviceedge WHERE key_name = '{name}'"
        return self.value(
            f"SELECT (SELECT uses FROM keys_provisioningkey WHERE name = '{name}'), "
            f"(SELECT COUNT(*) FROM ({edges}) e), "
            f"(SELECT COUNT(*) FROM enrollment_issuedcertificate WHERE edge_id IN ({edges})), "
            f"(SELECT COUNT(DISTINCT serial) FROM enrollment_issuedcertificate WHERE edge_id IN ({edges})), "
            f"(SELECT COUNT(*) FROM portal_auditevent WHERE action = 'edge.enrolled' AND object_name LIKE '{name}-%')"
        )

    def assert_no_error_was_logged(self) -> None:
        log = (self.portal.state_dir / "log").read_text()
        self.assertNotRegex(log, r'"level": "(ERROR|CRITICAL)"|Traceback')


class SqlitePortalTestCase(LiveTestCase):
    """A portal over SQLite, with one worker."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.portal = cls.enterClassContext(LivePortal(workers=1))


class PostgresqlPortalTestCase(LiveTestCase):
    """A portal over PostgreSQL, with one worker. Without a server the tests fail; the error says how to get one."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.portal = cls.enterClassContext(LivePortal(workers=1, aged=True, postgresql=True))


def body(text: str, csr: str | None = None) -> str:
    return json.dumps({"provisioning_key": text, "csr": csr or make_csr()})
