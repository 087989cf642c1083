"""The state directory: secret key, keyring, database and portal.env, readable by their owner alone."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

from keys import keyring
from portal.env import STATE_FILE, read_state_file

# What other shells and later runs must know too, to speak of the same keys and certificates.
_KEPT = (
    "DATABASE_URL", "PORTAL_URL", "CLOUD_DOMAIN", "CLOUD_DOMAIN_ALIASES", "CUSTOMER_ID", "VENDOR_NAME",
    "TRUSTED_PROXIES", "CLIENT_CERT_HEADER", "EDGE_CERTIFICATE_DAYS", "EDGE_RSA_MINIMUM_BITS",
)  # fmt: skip
_LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}


def prepare(state_dir: Path, environ: dict[str, str]) -> dict[str, str]:
    """Make what is missing, keep what is there, and return the values of portal.env."""
    state_dir.mkdir(parents=True, exist_ok=True)
    state_dir.chmod(0o700)
    ring = state_dir / "keyring.json"
    if not ring.exists():
        write_private(ring, keyring.generate("1") + "\n")
    file = state_dir / STATE_FILE
    values = {
        "PORTAL_SECRET_KEY": secrets.token_urlsafe(64),
        "PORTAL_KEYRING_FILE": str(ring.resolve()),
        **read_state_file(file),
        **_address(environ),
    }
    write_private(file, "".join(f"{name}={value}\n" for name, value in values.items()))
    return values


def _address(environ: dict[str, str]) -> dict[str, str]:
    """How this run is reached; written again at each start because HOST and PORT may have changed."""
    host, port = environ.get("HOST", "127.0.0.1"), environ.get("PORT", "8000")
    hosts = ["127.0.0.1", "localhost", "[::1]", socket.gethostname(), bracketed(host)]
    hosts += environ.get("PORTAL_ALLOWED_HOSTS", "").replace(",", " ").split()
    kept = {name: environ[name] for name in _KEPT if environ.get(name)}
    return {
        "HOST": bracketed(host),
        "PORT": port,
        "PORTAL_ALLOWED_HOSTS": " ".join(dict.fromkeys(hosts)),
        "PORTAL_PLAIN_HTTP": "1",
        "METRICS_OPEN": "1",
        **kept,
    }


def bracketed(host: str) -> str:
    """An IPv6 address as it stands in a URL."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    return host in _LOOPBACK or host.startswith("127.")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, all of it or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
