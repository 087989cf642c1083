"""`make run`: its files are private, the commands it prints work, and a second start keeps everything."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from unittest import TestCase, mock

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from keys.crypto import keyring
from portal.quickstart import state
from portal.quickstart.account import ensure_administrator
from portal.quickstart.banner import banner, recipe
from tests.base import PortalTestCase
from tests.support import forked_runs
from tests.support.count_on_page import page
from tests.support.live import PASSWORD, ROOT, LivePortal
from tests.support.postgresql import free_port

MAKE_RUN = ("-m", "portal.quickstart")
GUNICORN = ("-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "--bind", "127.0.0.1:0", "portal.wsgi:application")
CREATE_KEY = ("manage.py", "create_key", "--name", "another", "--group", "Berlin DC-1")
DOORS = (MAKE_RUN, GUNICORN, CREATE_KEY)
Ended = subprocess.CompletedProcess[str]
Run = Callable[[Sequence[str], Mapping[str, str]], Ended]
# Nothing of it reads the environment while it is imported.
LOADED = (
    "portal.startup", "portal.quickstart.state", "portal.quickstart.banner", "django.core.management",
    "django.contrib.admin", "django.db.migrations.executor", "gunicorn.app.wsgiapp", "cryptography.x509", "psycopg",
)  # fmt: skip


def started(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def forked(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    return forked_runs.run(command, environment, LOADED)


def refusal(portal: LivePortal, door: tuple[str, ...]) -> str:
    """The line on standard error of a start that fails; also checks exit code 1 and that it is a single line."""
    result = forked(door, portal.env())
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (1, "", 1), result
    return result.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class StateTest(TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name) / "var"

    def prepare(self, environ: dict[str, str]) -> dict[str, str]:
        values = state.read(self.directory, environ)
        state.make_directory(self.directory)
        state.keep(self.directory, values)
        return values

    def test_what_it_makes_only_the_owner_can_read(self) -> None:
        self.prepare({})
        self.assertEqual(mode(self.directory), 0o700)
        self.assertEqual({mode(path) for path in self.directory.iterdir()}, {0o600})

    def test_secrets_stay_and_the_address_follows_the_environment(self) -> None:
        first = self.prepare({"PORT": "8000"})
        second = self.prepare({"PORT": "9000", "HOST": "::1", "PORTAL_ALLOWED_HOSTS": "a.example"})
        self.assertEqual(first["PORTAL_SECRET_KEY"], second["PORTAL_SECRET_KEY"])
        self.assertEqual((second["HOST"], second["PORT"]), ("[::1]", "9000"))
        self.assertIn("a.example", second["PORTAL_ALLOWED_HOSTS"].split())

    def test_settings_of_one_run_reach_the_next_and_other_shells(self) -> None:
        self.prepare({"CLOUD_DOMAIN": "api.other.example", "VENDOR_NAME": "Acme"})
        kept = self.prepare({"VENDOR_NAME": "Beta"})
        self.assertEqual((kept["CLOUD_DOMAIN"], kept["VENDOR_NAME"]), ("api.other.example", "Beta"))

    def test_a_value_of_two_lines_makes_no_second_setting(self) -> None:
        with self.assertRaisesRegex(ImproperlyConfigured, "CUSTOMER_ID holds a line break"):
            self.prepare({"CUSTOMER_ID": "1\nMETRICS_OPEN=0"})
        self.assertFalse((self.directory / "portal.env").exists())

    def test_an_empty_host_is_no_host(self) -> None:
        self.assertEqual(self.prepare({"HOST": "", "PORT": ""})["HOST"], "127.0.0.1")


class AccountTest(PortalTestCase):
    def test_a_given_password_is_set_and_not_printed(self) -> None:
        self.assertIsNone(ensure_administrator("admin", "given"))
        self.assertTrue(User.objects.get(username="admin").check_password("given"))

    def test_a_name_with_which_nobody_could_sign_in_is_refused(self) -> None:
        for name in ("a" * 151, "a b"):
            with self.assertRaisesMessage(ImproperlyConfigured, "PORTAL_ADMIN_USERNAME: "):
                ensure_administrator(name, "given")

    def test_e10_a_made_up_password_works_and_is_told_once(self) -> None:
        password = ensure_administrator("admin", "")
        self.assertIsNone(ensure_administrator("admin", "another"))
        # Of two runs at once the second sees no account when it looks.
        with mock.patch.object(QuerySet, "exists", return_value=False):
            self.assertIsNone(ensure_administrator("admin", "another"))
        self.assertTrue(User.objects.get().check_password(password))

    def test_e10_there_is_no_default_password(self) -> None:
        made = {ensure_administrator(f"admin{number}", "") for number in range(3)}
        self.assertEqual({len(str(password)) for password in made}, {23})
        self.assertEqual(len(made), 3)


@pytest.mark.once
class CannotStartTest(TestCase):
    def start(self, state_file: bytes = b"", run: Run = forked, **environ: str) -> str:
        """What a start that fails says, after which the state is as before."""
        with tempfile.TemporaryDirectory() as directory:
            if state_file:
                Path(directory, "portal.env").write_bytes(state_file)
            kept = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("PORTAL_", "DATABASE", "DJANGO_"))
            }
            env = {**kept, "PORTAL_STATE_DIR": directory, "PORT": str(free_port()), "DEMO": "0", **environ}
            result = run(MAKE_RUN, env)
            kept_file = Path(directory, "portal.env")
            self.assertEqual(kept_file.read_bytes() if kept_file.exists() else b"", state_file)
        self.assertEqual(result.returncode, 1)
        self.assertNotIn("Traceback", result.stderr)
        self.assertNotIn("Sign in", result.stdout)
        return result.stderr

    def test_a_port_in_use_is_told_before_a_password_is_made(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            self.assertIn("cannot be listened on", self.start(run=started, PORT=str(other.getsockname()[1])))

    def test_what_makes_no_sense_is_told_in_a_line_and_not_kept(self) -> None:
        for said, environ in [
            ("PORT must be a whole number from 1 to 65535", {"PORT": "70000"}),
            ("PORT must be a whole number", {"PORT": "http"}),
            ("PORT must be a whole number", {"PORT": "1" * 5000}),
            ("CUSTOMER_ID is no text in UTF-8", {"CUSTOMER_ID": "\udcff"}),
            ("PORTAL_STATE_DIR is no text in UTF-8", {"PORTAL_STATE_DIR": "/tmp/\udcff"}),
            ("cannot be listened on", {"HOST": "no such host"}),
            ("cannot be listened on", {"HOST": "a" * 64}),
            ("WEB_CONCURRENCY must be a whole number", {"WEB_CONCURRENCY": "two"}),
            ("DATABASE_URL must start with", {"DATABASE_URL": "mysql://x"}),
            ("cannot start: ", {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}),
            ("'10.0.0.0/33', which is neither", {"TRUSTED_PROXIES": "10.0.0.0/33"}),
            ("/proc/nope: ", {"PORTAL_STATE_DIR": "/proc/nope"}),
        ]:
            with self.subTest(said):
                told = self.start(**environ)
                self.assertIn("The portal cannot start: ", told)
                self.assertIn(said, told)
                self.assertEqual(len(told.splitlines()), 1, told)

    def test_a_bad_line_of_the_state_file_is_named_and_not_quoted(self) -> None:
        told = self.start(b"# comment\nPORTAL_SECRET_KEY hush\n")
        self.assertIn("portal.env, line 2 is not NAME=value", told)
        self.assertNotIn("hush", told)
        self.assertIn("portal.env is no text in UTF-8", self.start(b"\xff\xfe"))


class RecipeTest(TestCase):
    def test_a_shell_takes_address_and_directory_as_they_are(self) -> None:
        lines = recipe("http://[::1]:8000", Path("/a b/$c/key.txt"))
        # Without quotes zsh would look for files of this name.
        self.assertIn("@- 'http://[::1]:8000/enrollment/v1/enroll' >", lines)
        self.assertIn("cd '/a b/$c'\n", lines)

    def test_a_password_that_was_shown_once_can_be_replaced(self) -> None:
        lines = banner("http://127.0.0.1:8000", "ann", None, Path("/nowhere"), "")
        self.assertIn("If it is lost: .venv/bin/python manage.py restore_administrator --username ann", lines)


@pytest.mark.once
class RunTest(TestCase):
    def test_the_printed_recipe_enrolls_an_edge_and_a_restart_keeps_it(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        left = Path(temporary.name) / "portal-metrics-left"
        left.mkdir()
        os.utime(left, (0, 0))
        with LivePortal(demo=True, extra={"TMPDIR": temporary.name, "SCRIPT_NAME": "/elsewhere"}) as portal:
            self.require_one_metrics_directory(portal, left)
            printed = (portal.state_dir / "log").read_text()
            recipe = printed[printed.index("# An edge in") :].split("\n\n")[0]
            # Whatever directory it is run in, it writes to the state directory; the last line of this block compares.
            subprocess.run(["bash", "-eu", "-c", recipe], cwd=left.parent, check=True, capture_output=True)
            answer = json.loads((portal.state_dir / "edge.json").read_text())
            self.assertEqual(answer["edge"]["name"], "berlin-lab-1")
            self.assertEqual(mode(portal.state_dir / "edge.key"), 0o600)
            self.assertNotIn("PSEK", printed)
            portal.restart()
            self.assertIn("1 of 3", " ".join(page(portal.url, "admin", PASSWORD).split()))
            events = portal.manage("dumpdata", "portal.auditevent")
            # What was refused to machines, before and after proof of the key, and to people.
            for code in ("key_exhausted", "key_disabled", "group_disabled", "malformed_key", "key_not_viewable"):
                self.assertIn(f'"reason": "{code}"', events)
            self.assertNotIn("berlin-lab-2", portal.manage("dumpdata", "enrollment.serviceedge"))
            portal.end()
            self.assertEqual(list(left.parent.iterdir()), [])
            self.require_refusals(portal)

    def require_one_metrics_directory(self, portal: LivePortal, left: Path) -> None:
        """The start removes the directory of a killed portal; a reload keeps its own with its counts."""
        (own,) = left.parent.glob("portal-metrics-*")
        self.assertNotEqual(own, left)
        portal.process.send_signal(signal.SIGHUP)
        time.sleep(1)
        request = urllib.request.Request(f"{portal.url}/healthz", headers={"Script-Name": "/elsewhere"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(answer.read(), b"ok\n")
        self.assertEqual(list(left.parent.glob("portal-metrics-*")), [own])

    def require_refusals(self, portal: LivePortal) -> None:
        """A fault of an existing portal gives the same sentence from each command, and `make run` generates nothing."""
        ring, database = portal.state_dir / "keyring.json", portal.state_dir / "portal.sqlite3"
        key_id = keyring.parse(ring.read_text()).active
        good, rows = ring.read_bytes(), database.read_bytes()
        ring.unlink()
        lost = f"{ring}: The keyring file cannot be read: No such file or directory."
        for door in DOORS:
            self.assertIn(f"{lost} Rows of the database are sealed with key '{key_id}' of it.", refusal(portal, door))
        self.assertFalse(ring.exists())
        state.write_private(ring, "")
        self.assertIn(f"{ring}: The keyring is not valid JSON", refusal(portal, GUNICORN))
        state.write_private(ring, keyring.generate(key_id))
        self.assertIn(f"{ring} is another one: its key '{key_id}' opens no sealed row", refusal(portal, MAKE_RUN))
        ring.write_bytes(good)
        database.write_bytes(rows[: len(rows) // 2])
        for door in DOORS:
            self.assertIn(f"{database} is damaged or cut short; restore it", refusal(portal, door))
        database.write_bytes(b"GIF89a" * 1000)
        self.assertIn(f"{database} is no SQLite database", refusal(portal, GUNICORN))
