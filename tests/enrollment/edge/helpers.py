"""A small PKI that answers like a portal, and ways to run the edge."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from enrollment.edge.answer import Answer, parse_answer
from enrollment.pki.issuance import Identity, Issuer, issue
from keys.crypto import tokens
from keys.crypto.ca_certificates import Authority, make_authority, spki_sha256
from tests.enrollment.edge import helpers_runs
from tests.support.live import LivePortal

NOW = datetime.now(UTC)
WHOLE = {".lock", "key.pem", "certificate.pem", "chain.pem", "trust-anchor.pem", "edge.json"}
EDGE = uuid.UUID("6f1c1f0e-5a0b-4a52-8d1c-0d8f5f6f7a11")


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


@dataclass
class Pki:
    """A root, an issuer below it, and their answer to an edge."""

    root: Authority
    issuer: Authority

    @property
    def pin(self) -> bytes:
        return spki_sha256(self.root.certificate)

    def issue(self, key: ec.EllipticCurvePrivateKey, now: datetime = NOW, days: int = 90) -> str:
        identity = Identity(EDGE, "acme", "7", "api.private.example.com")
        issuer = Issuer(
            id=1, name="Service Edge", certificate=self.issuer.certificate, private_key=self.issuer.private_key,
            chain=(), trust_anchor="", fingerprint="", authority_keys=frozenset(),
            crl_url="http://portal.example.com/pki/1.crl", certificate_url="http://portal.example.com/pki/1.cer",
        )  # fmt: skip
        return issue(key.public_key(), identity, issuer, timedelta(days=days), now).pem

    def document(self, key: ec.EllipticCurvePrivateKey, **changes: Any) -> dict[str, Any]:
        return {
            "edge": {"id": str(EDGE), "name": "Branch-1", "group": "Berlin"},
            "certificate": self.issue(key),
            "chain": [pem(self.issuer.certificate)],
            "trust_anchor": pem(self.root.certificate),
            "not_after": "2027-02-20T12:00:00Z",
            "renew_after": "2027-01-20T12:00:00Z",
            **changes,
        }

    def answer(self, key: ec.EllipticCurvePrivateKey, **changes: Any) -> Answer:
        return parse_answer(json.dumps(self.document(key, **changes)).encode())


def make_pki(name: str = "Root") -> Pki:
    root = make_authority(name, "acme", now=NOW, days=3650)
    return Pki(root, make_authority("Service Edge", "acme", now=NOW, days=1825, parent=root))


def sign(issuer: Authority, key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType) -> x509.Certificate:
    """A certificate for EDGE that need not follow any profile."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, str(EDGE))])
    builder = x509.CertificateBuilder(
        issuer.certificate.subject, name, key.public_key(), x509.random_serial_number(), NOW, NOW + timedelta(days=9)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(issuer.private_key, hashes.SHA256())


def command(url: str, directory: Path, *more: str | Path) -> list[str]:
    return [sys.executable, "manage.py", *_arguments(url, directory, *more)]


def _arguments(url: str, directory: Path, *more: str | Path) -> list[str]:
    return ["enroll_edge", "--url", url, "--directory", str(directory), *map(str, more)]


def run_edge(url: str, directory: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a machine would: without settings, and without a terminal to ask on."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PORTAL", "DATABASE"))}
    return helpers_runs.run(_arguments(url, directory, *more), bare)


def make_key(portal: LivePortal, name: str, path: Path, max_uses: int) -> Path:
    """A key of the portal in a private file."""
    path.touch(mode=0o600)
    path.write_text(portal.manage("create_key", "--name", name, "--group", "Berlin", "--max-uses", str(max_uses)))
    return path


def uses(portal: LivePortal, name: str) -> int:
    """The number of uses of a key in the portal's database."""
    with closing(sqlite3.connect(portal.state_dir / "portal.sqlite3", timeout=20)) as database:
        row = database.execute("SELECT uses FROM keys_provisioningkey WHERE name = ?", [name]).fetchone()
    return int(row[0])


def forged(text: str, **changes: Any) -> str:
    """The key text with other parts and a right checksum."""
    token = read_any(text)
    parts = {"domain": token.domain, "public_id": token.public_id, "secret": token.secret, "pin": token.pin}
    return tokens.Token(**{**parts, **changes}).text


def read_any(text: str) -> tokens.Token:
    return tokens.read_any(text)


def modes(directory: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o777) for path in directory.iterdir()}
