"""`make run`: what it makes is private, what it prints works, and a second start keeps everything."""

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import TestCase

import pytest
from django.contrib.auth.models import User

from portal.quickstart import state
from portal.quickstart.account import ensure_administrator
from tests.base import PortalTestCase
from tests.support.count_on_page import page
from tests.support.live import PASSWORD, ROOT, LivePortal
from tests.support.postgresql import free_port


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class StateTest(TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name) / "var"

    def test_what_it_makes_only_the_owner_can_read(self) -> None:
        state.prepare(self.directory, {})
        self.assertEqual(mode(self.directory), 0o700)
        self.assertEqual({mode(path) for path in self.directory.iterdir()}, {0o600})

    def test_secrets_stay_and_the_address_follows_the_environment(self) -> None:
        first = state.prepare(self.directory, {"PORT": "8000"})
        second = state.prepare(self.directory, {"PORT": "9000", "HOST": "::1", "PORTAL_ALLOWED_HOSTS": "a.example"})
        self.assertEqual(first["PORTAL_SECRET_KEY"], second["PORTAL_SECRET_KEY"])
        self.assertEqual((second["HOST"], second["PORT"]), ("[::1]", "9000"))
        self.assertIn("a.example", second["PORTAL_ALLOWED_HOSTS"].split())

    def test_settings_of_one_run_reach_the_next_and_other_shells(self) -> None:
        state.prepare(self.directory, {"CLOUD_DOMAIN": "api.other.example", "VENDOR_NAME": "Acme"})
        kept = state.prepare(self.directory, {"VENDOR_NAME": "Beta"})
        self.assertEqual((kept["CLOUD_DOMAIN"], kept["VENDOR_NAME"]), ("api.other.example", "Beta"))

    def test_other_machines_are_told_apart_from_this_one(self) -> None:
        self.assertTrue(all(state.is_loopback(host) for host in ("127.0.0.1", "127.1.2.3", "localhost", "[::1]")))
        self.assertFalse(any(state.is_loopback(host) for host in ("0.0.0.0", "192.0.2.1", "portal.example.com")))


class AccountTest(PortalTestCase):
    def test_a_given_password_is_set_and_not_printed(self) -> None:
        self.assertIsNone(ensure_administrator("admin", "given"))
        self.assertTrue(User.objects.get(username="admin").check_password("given"))

    def test_a_made_up_password_works_and_is_told_once(self) -> None:
        password = ensure_administrator("admin", "")
        self.assertTrue(User.objects.get(username="admin").check_password(password))
        self.assertIsNone(ensure_administrator("admin", ""))
        self.assertTrue(User.objects.get(username="admin").check_password(password))


@pytest.mark.once
class CannotStartTest(TestCase):
    def start(self, **environ: str) -> str:
        with tempfile.TemporaryDirectory() as directory:
            kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DATABASE"))}
            env = {**kept, "PORTAL_STATE_DIR": directory, "PORT": str(free_port()), "DEMO": "0", **environ}
            result = subprocess.run(
                [sys.executable, "-m", "portal.quickstart"],
                cwd=ROOT,
                env=env,
                capture_output=True,
                text=True,
                timeout=60,
            )
        self.assertEqual(result.returncode, 1)
        self.assertNotIn("Traceback", result.stderr)
        self.assertNotIn("Sign in", result.stdout)
        return result.stderr

    def test_a_port_in_use_is_told_before_a_password_is_made(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            self.assertIn("cannot be listened on", self.start(PORT=str(other.getsockname()[1])))

    def test_what_makes_no_sense_is_told_in_a_line(self) -> None:
        self.assertIn("65535", self.start(PORT="70000"))
        self.assertIn("DATABASE_URL must start with", self.start(DATABASE_URL="mysql://x"))
        self.assertIn("The portal cannot start", self.start(DATABASE_URL="postgresql://nobody@127.0.0.1:1/x"))
        self.assertIn("The portal cannot start", self.start(PORTAL_STATE_DIR="/proc/nope"))


@pytest.mark.once
class RunTest(TestCase):
    def test_the_printed_recipe_enrolls_an_edge_and_a_restart_keeps_it(self) -> None:
        with LivePortal(demo=True) as portal:
            printed = (portal.state_dir / "log").read_text()
            recipe = printed[printed.index("# An edge in") :].split("\n\n")[0]
            subprocess.run(["bash", "-eu", "-c", recipe], cwd=portal.state_dir, check=True, capture_output=True)
            answer = json.loads((portal.state_dir / "edge.json").read_text())
            self.assertEqual(answer["edge"]["name"], "berlin-lab-1")
            self.assertEqual(mode(portal.state_dir / "edge.key"), 0o600)
            self.assertNotIn("PSEK", printed)
            portal.restart()
            self.assertIn("1 of 3", " ".join(page(portal.url, "admin", PASSWORD).split()))
            self.assertNotIn("berlin-lab-2", portal.manage("dumpdata", "enrollment.serviceedge"))
