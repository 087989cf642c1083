"""The state directory: secret key, keyring, database and portal.env, readable only by their owner."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from portal.env import CONTROL, STATE_FILE, Environment, read_state_file

KEYRING = "keyring.json"
# Settings that commands in other shells and later runs need, to work with the same database and certificates.
_KEPT = (
    "DATABASE_URL", "PORTAL_URL", "PKI_URL", "CLOUD_DOMAIN", "CLOUD_DOMAIN_ALIASES", "CUSTOMER_ID", "VENDOR_NAME",
    "TRUSTED_PROXIES", "CLIENT_CERT_HEADER", "EDGE_CERTIFICATE_DAYS", "EDGE_RSA_MINIMUM_BITS",
)  # fmt: skip


def read(state_dir: Path, environ: dict[str, str]) -> dict[str, str]:
    """The values of portal.env for this start: generated secrets, then values of the file, then those of `environ`."""
    return {
        "PORTAL_SECRET_KEY": secrets.token_urlsafe(64),
        "PORTAL_KEYRING_FILE": str((state_dir / KEYRING).resolve()),
        **read_state_file(state_dir / STATE_FILE),
        **_address(Environment(environ)),
        **{name: environ[name] for name in _KEPT if environ.get(name)},
    }


def make_directory(state_dir: Path) -> None:
    """Create the state directory with mode 0700."""
    state_dir.mkdir(parents=True, exist_ok=True)
    state_dir.chmod(0o700)


def keep(state_dir: Path, values: dict[str, str]) -> None:
    """Write portal.env. Raises ImproperlyConfigured for a value that does not fit in one line."""
    for name, value in values.items():
        if CONTROL.search(value):
            raise ImproperlyConfigured(f"{name} holds a line break or another control character.")
    write_private(state_dir / STATE_FILE, "".join(f"{name}={value}\n" for name, value in values.items()))


def _address(environ: Environment) -> dict[str, str]:
    """The address of this run. It is computed at each start, because HOST and PORT may have changed."""
    host, port = environ.text("HOST", "127.0.0.1"), environ.integer("PORT", 8000, 1, 65535)
    hosts = ["127.0.0.1", "localhost", "[::1]", socket.gethostname(), bracketed(host)]
    return {
        "HOST": bracketed(host),
        "PORT": str(port),
        "PORTAL_ALLOWED_HOSTS": " ".join(dict.fromkeys([*hosts, *environ.words("PORTAL_ALLOWED_HOSTS")])),
        "PORTAL_PLAIN_HTTP": "1",
        "METRICS_OPEN": "1",
    }


def bracketed(host: str) -> str:
    """`host` as it is written in a URL: an IPv6 address gets brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 atomically."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
