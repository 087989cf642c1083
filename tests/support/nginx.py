"""A real nginx with the configuration that ships, as a child process in a temporary directory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_connection

from tests.support.certificates import write_server_certificate
from tests.support.postgresql import free_port

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "deploy" / "nginx.conf"
# What Debian's nginx.conf puts around a site, without its paths.
_MAIN = """
daemon off;
master_process on;
worker_processes 1;
pid {directory}/pid;
error_log stderr warn;
{user}
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/site.conf;
}}
"""


class NoNginx(RuntimeError):
    """nginx was not found; the text says how to get it."""


def binary() -> str:
    """The nginx program, which Debian keeps off the path of ordinary accounts."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise NoNginx("No nginx found. As root type: apt-get install nginx-light")
    return found


@dataclass
class Nginx:
    """nginx in front of `portal` (an address that gunicorn listens on).

    It believes the CAs of `edge_ca` (PEM), but not what their lists in `crl` (PEM) revoke.
    """

    portal: str
    edge_ca: str
    crl: str
    directory: Path = field(init=False)

    def start(self) -> Nginx:
        self.directory = Path(tempfile.mkdtemp(prefix="portal-nginx-"))
        self.port, self.http_port = free_port(), free_port()
        self.url = f"https://localhost:{self.port}"
        self.http_url = f"http://localhost:{self.http_port}"
        self.server_ca = write_server_certificate(self.directory)
        (self.directory / "edge-ca.pem").write_text(self.edge_ca)
        self.edge_crl.write_text(self.crl)
        (self.directory / "site.conf").write_text(self.render())
        # As root, workers would be another account that cannot enter the directory.
        user = "user root;" if os.geteuid() == 0 else ""
        (self.directory / "nginx.conf").write_text(_MAIN.format(directory=self.directory, user=user))
        self._log = (self.directory / "error.log").open("w")
        command = [binary(), "-p", str(self.directory), "-c", str(self.directory / "nginx.conf"), "-e", "stderr"]
        self.process = subprocess.Popen(command, stderr=self._log)
        self._wait()
        return self

    def render(self) -> str:
        """The site as an administrator fills it in, with `sed`."""
        values = {
            "SERVER_NAME": "localhost",
            "HTTPS": f"127.0.0.1:{self.port}",
            "HTTP": f"127.0.0.1:{self.http_port}",
            "CERTIFICATE": self.directory / "server.pem",
            "CERTIFICATE_KEY": self.directory / "server.key",
            "EDGE_CA": self.directory / "edge-ca.pem",
            "EDGE_CRL": self.edge_crl,
            "PORTAL": self.portal,
            "ACCESS_LOG": self.access_log,
        }
        text = SITE.read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    def reload(self) -> None:
        """What `systemctl reload nginx` does; returns when only workers with the new configuration are left."""
        before = self._workers()
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while self._workers() & before or not self._workers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"nginx did not reload:\n{(self.directory / 'error.log').read_text()}")
            time.sleep(0.02)

    def _workers(self) -> set[str]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return set(children.read_text().split())

    @property
    def edge_crl(self) -> Path:
        return self.directory / "edge-crl.pem"

    @property
    def access_log(self) -> Path:
        return self.directory / "access.log"

    def has_logged(self, text: str) -> bool:
        """Whether the access log holds the text, or comes to: nginx writes a line after it has sent the answer."""
        deadline = time.monotonic() + 20
        while text not in self.access_log.read_text():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError), create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        output = (self.directory / "error.log").read_text()
        self.stop()
        raise RuntimeError(f"nginx did not start:\n{output}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self._log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Nginx:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
