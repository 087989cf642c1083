"""A real portal: `python -m portal.quickstart` with gunicorn in a temporary state directory.

Tests take the state of the first start from `tests.support.prepared`, and gunicorn starts with it at once.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import prepared
from tests.support.console import Console
from tests.support.postgresql import free_port

ROOT = Path(__file__).resolve().parents[2]
SERVER = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "portal.wsgi:application"]
PASSWORD = "a long password for the tests"
_START_SECONDS = 90


@dataclass
class LivePortal:
    """Runs a portal between `start` and `stop`, or as a context manager. The administrator is admin / PASSWORD."""

    demo: bool = False
    # Without a URL, with `postgresql` on its own `server`, which tests may restart; otherwise on SQLite.
    database_url: str = ""
    postgresql: bool = False
    workers: int = 2
    extra: dict[str, str] | None = None
    # Behind a TLS proxy only /healthz answers to plain http.
    ready: str = "/readyz"
    # The preloaded certificates are a year old, see `tests.support.old_portal`: an edge may enroll in the past.
    aged: bool = False
    _console: Console | None = field(default=None, init=False)

    def start(self) -> LivePortal:
        self.state_dir = Path(tempfile.mkdtemp(prefix="portal-live-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._serving: dict[str, str] = {}
        self._ending = ExitStack()
        if prepared.VARIABLE in os.environ and not (self.demo or self.database_url):
            if self.postgresql:
                self.server = self._ending.enter_context(prepared.server(self.env(), aged=self.aged))
                self.database_url = self.server.url
            self._serving = prepared.copy_into(self.state_dir, self.env(), aged=self.aged)
        self.log = (self.state_dir / "log").open("w")
        self._spawn()
        return self

    def restart(self) -> None:
        """Stop the processes and start them again on the same state."""
        self.end()
        self._spawn()

    def _spawn(self) -> None:
        module = "tests.support.old_portal" if self.aged else "portal.quickstart"
        command = [*SERVER, "--bind", f"127.0.0.1:{self.port}"] if self._serving else [sys.executable, "-m", module]
        environ = self._serving or self.env()
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=self.log, stderr=self.log, umask=0o077)
        self._wait()

    def env(self) -> dict[str, str]:
        """The environment of the portal, for management commands beside it too."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DJANGO_"))}
        kept.pop("DATABASE_URL", None)
        database = {"DATABASE_URL": self.database_url} if self.database_url else {}
        return {
            **kept,
            **database,
            "PORTAL_STATE_DIR": str(self.state_dir),
            "PORTAL_ADMIN_PASSWORD": PASSWORD,
            "PORT": str(self.port),
            "DEMO": "1" if self.demo else "0",
            "WEB_CONCURRENCY": str(self.workers),
            **(self.extra or {}),
        }

    def manage(self, *arguments: str) -> str:
        """The standard output of a management command beside this portal. Django starts for the first one alone."""
        if not self._console:
            self._console = Console(self.env())
        return self._console.manage(*arguments)

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}{self.ready}", timeout=5):
                    return
            except urllib.error.HTTPError as error:
                if error.code == 500:
                    break
                time.sleep(0.05)
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        output = (self.state_dir / "log").read_text()
        self.stop()
        raise RuntimeError(f"The portal did not become ready:\n{output}")

    def stop(self) -> None:
        self.end()
        if self._console:
            self._console.close()
            self._console = None
        self._ending.close()
        self.log.close()
        shutil.rmtree(self.state_dir, ignore_errors=True)

    def end(self) -> None:
        """Stop the processes and keep the state."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> LivePortal:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
