"""Start-up errors are one true sentence; faults of the portal keep their traceback."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import TestCase, skipUnless

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from portal import startup
from portal.preloading import warm_up
from tests import factories
from tests.base import PortalTestCase
from tests.support.live import ROOT

FULL_DISK = "cannot grow, for no space is left on its disk"


class ReasonTest(PortalTestCase):
    def test_an_operators_mistake_is_a_sentence_and_a_fault_of_ours_is_none(self) -> None:
        self.assertEqual(startup.reason(ImproperlyConfigured("X is not set.")), "X is not set.")
        self.assertEqual(startup.reason(PermissionError(13, "Permission denied", "/x")), "/x: Permission denied.")
        self.assertIsNone(startup.reason(KeyError("x")))
        self.assertIsNone(startup.reason(IntegrityError("UNIQUE constraint failed")))

    def test_a_database_of_a_newer_portal_is_refused_at_start_and_by_commands(self) -> None:
        startup.require_sound()
        MigrationRecorder(connection).record_applied("keys", "9999_from_the_future")
        with self.assertRaisesMessage(startup.CannotStart, "newer version of the portal (keys.9999_from_the_future"):
            startup.require_sound()
        with self.assertRaisesMessage(CommandError, "newer version of the portal"):
            call_command("create_key", name="a", group="b", skip_checks=False)

    def test_what_requests_load_is_loaded_before_the_fork_without_a_database(self) -> None:
        self.addCleanup(gc.unfreeze)
        with self.assertNumQueries(0):
            warm_up()
        self.assertGreater(gc.get_freeze_count(), 10_000)

    def test_each_error_of_the_system_checks_is_told(self) -> None:
        mistakes = override_settings(TRUSTED_PROXIES=["10.0.0.0/33"], CLIENT_CERT_HEADER="Host")
        with mistakes, self.assertRaises(startup.CannotStart) as refused:
            startup.require_sound()
        self.assertIn("'10.0.0.0/33', which is neither", str(refused.exception))
        self.assertIn("CLIENT_CERT_HEADER cannot be used", str(refused.exception))

    @skipUnless(connection.vendor == "sqlite", "SQLite's own limit stands for a full disk")
    def test_a_full_disk_is_called_that_and_no_value_of_the_wrong_kind(self) -> None:
        factories.preload()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count")
            (most,) = cursor.fetchone()
            self.addCleanup(lambda: connection.cursor().execute(f"PRAGMA max_page_count={most}"))
            cursor.execute("PRAGMA page_count")
            cursor.execute(f"PRAGMA max_page_count={cursor.fetchone()[0]}")
        with self.assertRaises(OperationalError) as full:
            factories.make_managed(groups=[{"name": f"G{n}", "description": "x" * 1000} for n in range(200)])
        self.assertIn(FULL_DISK, startup.reason(full.exception) or "")


class SqliteFileTest(PortalTestCase):
    """Database files after a wrong path, a broken copy and a lost directory, opened with the portal's settings."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name) / "portal.sqlite3"

    def told(self) -> str:
        database = DatabaseWrapper({**connection.settings_dict, "NAME": str(self.path), "OPTIONS": {}}, "file")
        self.addCleanup(database.close)
        with self.assertRaises(DatabaseError) as refused, database.cursor() as cursor:
            cursor.execute("CREATE TABLE another (id)")
        return startup.reason(refused.exception) or ""

    def test_each_file_is_called_what_it_is(self) -> None:
        self.path.write_bytes(b"GIF89a" * 1000)
        self.assertIn("is no SQLite database", self.told())
        self.path.unlink()
        with sqlite3.connect(self.path) as made:
            made.execute("CREATE TABLE one (id)")
            made.executemany("INSERT INTO one VALUES (?)", [("x" * 1000,)] * 100)
        self.path.write_bytes(self.path.read_bytes()[:8000])
        self.assertIn("is damaged or cut short", self.told())
        self.path = self.path.parent / "nowhere" / "portal.sqlite3"
        self.assertIn("cannot be opened", self.told())


@pytest.mark.once
class DoorsTest(TestCase):
    """Invalid settings with the commands other than `make run`."""

    def ask(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as directory:
            kept = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("PORTAL_", "DATABASE", "DJANGO_"))
            }
            return subprocess.run(
                [sys.executable, *command],
                cwd=ROOT,
                env={**kept, "PORTAL_STATE_DIR": directory, **environ},
                capture_output=True,
                text=True,
                timeout=60,
            )

    def test_a_missing_setting_is_one_line_at_each_door(self) -> None:
        gunicorn = ("-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "--bind", "127.0.0.1:0", "portal.wsgi")
        for command in (gunicorn, ("manage.py", "migrate")):
            result = self.ask(*command)
            self.assertEqual(result.returncode, 1)
            self.assertIn("PORTAL_SECRET_KEY is not set.", result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)

    def test_a_database_that_is_away_is_one_line_for_commands(self) -> None:
        settings = {"PORTAL_SECRET_KEY": "x" * 60, "PORTAL_KEYRING_FILE": "/x", "PORTAL_ALLOWED_HOSTS": "a"}
        url = "postgresql://nobody:hush@127.0.0.1:1/x"
        result = self.ask("manage.py", "migrate", **settings, DATABASE_URL=url)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^manage\.py cannot do this: The database does not answer: .*\n$")
        self.assertNotIn("hush", result.stderr)
