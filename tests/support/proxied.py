"""The portal as in production: gunicorn behind nginx, https in front, nothing over plain http."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field

from tests.support.live import LivePortal
from tests.support.nginx import Nginx

# How docs/enrollment.md makes the file that nginx verifies edges against.
EDGE_CA = (
    "curl -sS -f -H 'Host: localhost' -H 'X-Forwarded-Proto: https' {url}/.well-known/est/cacerts"
    " | openssl base64 -d -A | openssl pkcs7 -inform DER -print_certs"
)


@dataclass
class ProxiedPortal:
    """Runs both between `start` and `stop`, or as a context manager."""

    postgresql: bool = False
    workers: int = 2
    portal: LivePortal = field(init=False)
    nginx: Nginx = field(init=False)

    def start(self) -> ProxiedPortal:
        settings = {"PORTAL_PLAIN_HTTP": "0", "TRUSTED_PROXIES": "127.0.0.1"}
        self.portal = LivePortal(
            postgresql=self.postgresql, workers=self.workers, extra=settings, ready="/healthz", aged=True
        ).start()
        try:
            command = ["bash", "-ec", "set -o pipefail; " + EDGE_CA.format(url=self.portal.url)]
            edge_ca = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            lists = self.portal.state_dir / "crls.pem"
            self.portal.manage("build_crls", "--pem", str(lists))
            self.nginx = Nginx(f"127.0.0.1:{self.portal.port}", edge_ca, lists.read_text()).start()
        except BaseException:
            self.portal.stop()
            raise
        return self

    def stop(self) -> None:
        self.nginx.stop()
        self.portal.stop()

    def __enter__(self) -> ProxiedPortal:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
