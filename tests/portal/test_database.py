"""Durable commits, and `fetch_first`, which behaves as Django's cursor does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from django.db import ConnectionHandler, IntegrityError, OperationalError, ProgrammingError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test import SimpleTestCase
from django.utils import timezone

from portal import database
from portal.database import configure, fetch_first
from portal.models import SignInLock
from tests.base import CommittedTestCase, PortalTestCase

_INSERT = """
INSERT INTO portal_signinlock (subject, failures, first_failure_at) VALUES (%(subject)s, 0, '2027-01-01 00:00:00+00')
RETURNING subject, failures
"""
_BY_SUBJECT = "SELECT id, failures FROM portal_signinlock WHERE subject = %(subject)s ORDER BY id"


def insert(subject: str) -> Any:
    return fetch_first(_INSERT, {"subject": subject})


class FetchFirstTests(PortalTestCase):
    def test_it_returns_the_first_row_or_none(self) -> None:
        lock = SignInLock.objects.create(subject="a", failures=3, first_failure_at=timezone.now())
        self.assertEqual(fetch_first(_BY_SUBJECT, {"subject": "a"}), (lock.pk, 3))
        self.assertIsNone(fetch_first(_BY_SUBJECT, {"subject": "b"}))

    def test_what_an_insert_returns_is_its_row(self) -> None:
        self.assertEqual(insert("a"), ("a", 0))
        self.assertTrue(SignInLock.objects.filter(subject="a").exists())

    def test_values_are_bound_and_never_part_of_the_statement(self) -> None:
        hostile = "a'; DROP TABLE portal_signinlock; -- %(subject)s :subject"
        self.assertEqual(insert(hostile), (hostile, 0))

    def test_errors_are_those_of_django(self) -> None:
        insert("a")
        with self.assertRaises(IntegrityError), transaction.atomic():
            insert("a")
        wrong = ProgrammingError if connection.vendor == "postgresql" else OperationalError
        with self.assertRaises(wrong), transaction.atomic():
            fetch_first("SELECT nothing FROM nowhere", {})

    def test_a_broken_transaction_admits_no_further_statement(self) -> None:
        with transaction.atomic():
            transaction.set_rollback(True)
            with self.assertRaises(TransactionManagementError):
                insert("a")

    def test_whoever_counts_statements_counts_these_too(self) -> None:
        with self.assertNumQueries(1):
            insert("a")

    def test_whoever_stands_in_the_way_of_statements_meets_these_too(self) -> None:
        seen: list[str] = []

        def watch(execute: Any, sql: str, *arguments: Any) -> Any:
            seen.append(sql)
            return execute(sql, *arguments)

        with connection.execute_wrapper(watch):
            self.assertEqual(insert("a"), ("a", 0))
        self.assertEqual(len(seen), 1)

    def test_it_goes_past_the_cursor_of_django(self) -> None:
        with mock.patch.object(connection, "cursor", side_effect=AssertionError("a cursor was opened")):
            self.assertEqual(insert("a"), ("a", 0))


class ReconnectionTests(CommittedTestCase):
    def test_it_opens_the_connection_again_when_it_was_closed(self) -> None:
        insert("a")
        connection.close()
        self.assertEqual(fetch_first(_BY_SUBJECT, {"subject": "a"})[1], 0)

    def test_without_a_transaction_a_statement_commits_by_itself(self) -> None:
        insert("a")
        connection.close()
        self.assertTrue(SignInLock.objects.filter(subject="a").exists())

    def test_a_refused_statement_leaves_the_connection_usable(self) -> None:
        insert("a")
        with self.assertRaises(IntegrityError):
            insert("a")
        self.assertEqual(insert("b"), ("b", 0))


class DurabilityTests(SimpleTestCase):
    databases = {"default"}  # noqa: RUF012  # the alias of a connection of its own, below

    def pragma(self, name: str) -> Any:
        """A PRAGMA of a SQLite connection with the portal's options."""
        with tempfile.TemporaryDirectory() as directory:
            settings = {"ENGINE": "portal.sqlite", "NAME": str(Path(directory) / "file")}
            opened = ConnectionHandler({"default": configure(settings, 0)})["default"]
            try:
                with opened.cursor() as cursor:
                    return cursor.execute(f"PRAGMA {name}").fetchone()[0]
            finally:
                opened.close()

    def test_sqlite_synchronizes_every_commit(self) -> None:
        self.assertEqual(self.pragma("synchronous"), 2)

    def test_a_committed_journal_cannot_come_back_after_a_power_cut(self) -> None:
        self.assertEqual(self.pragma("journal_mode"), database.sqlite_journal_mode().lower())
        for version, mode in (((3, 40, 1), "TRUNCATE"), ((3, 51, 2), "TRUNCATE"), ((3, 51, 3), "WAL")):
            with self.subTest(version), mock.patch("sqlite3.sqlite_version_info", version):
                self.assertEqual(database.sqlite_journal_mode(), mode)

    def test_postgresql_waits_for_the_disk(self) -> None:
        options = configure({"ENGINE": "django.db.backends.postgresql"}, 1000)["OPTIONS"]
        self.assertIn("synchronous_commit=on", options["options"])
