"""Random issuances under every kind of issuer, to every kind of edge key, and what others say of the results."""

from __future__ import annotations

import functools
import random
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from enrollment.pki import issuance, revocation_list
from keys.crypto.ca_certificates import KEY_TYPES, Authority, make_authority
from tests.support import pkilint

NOW = datetime.now(UTC).replace(microsecond=0)
# Organization names a customer may have: every script, and as long as X.520 allows.
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-_äöüßéñçøåłžșğΩδжщ字漢한"
EDGE_KEYS = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA 3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA 4096": lambda: rsa.generate_private_key(65537, 4096),
}


@dataclass(frozen=True)
class Issuance:
    """One certificate, who signed it, and the chain from it to the root."""

    issuer: issuance.Issuer
    issued: issuance.Issued
    chain: list[bytes]


@functools.cache
def issuer_of(kind: str, root_kind: str) -> tuple[issuance.Issuer, tuple[Authority, ...]]:
    """An issuer with a key of this kind, below a root of that kind or, where that is empty, a root itself."""
    root = make_authority("Root", "4711", now=NOW, days=10_000, key_type=root_kind or kind)
    path = (
        (make_authority("Edges", "4711", now=NOW, days=4000, key_type=kind, parent=root), root)
        if root_kind
        else (root,)
    )
    urls = ("https://portal.example.com/pki/7.crl", "https://portal.example.com/pki/7.cer")
    signer = path[0]
    return issuance.Issuer(7, "Edges", signer.certificate, signer.private_key, (), "", "", frozenset(), *urls), path


@functools.cache
def edge_key(kind: str) -> Any:
    return EDGE_KEYS[kind]()


def random_issuances(chance: random.Random, count: int) -> Iterator[Issuance]:
    """`count` certificates; about every fifth is followed by its renewal, with the same or with a new key pair."""
    made = 0
    while made < count:
        kinds = list(KEY_TYPES)
        issuer, path = issuer_of(chance.choice(kinds), chance.choice(["", *kinds]))
        identity = _random_identity(chance)
        lifetime, at = timedelta(days=chance.randint(1, 397)), NOW + timedelta(seconds=chance.randrange(10**8))
        for _ in range(2 if chance.random() < 0.2 else 1):
            key = edge_key(chance.choice(list(EDGE_KEYS))).public_key()
            issued = issuance.issue(key, identity, issuer, lifetime, at)
            yield Issuance(issuer, issued, [issued.der, *(_der(above.certificate) for above in path)])
            made, at = made + 1, at + lifetime * 0.8


def _random_identity(chance: random.Random) -> issuance.Identity:
    organization = "".join(chance.choices(_LETTERS, k=chance.randint(1, 64))).strip() or "4711"
    edge = uuid.UUID(int=chance.getrandbits(128), version=4)
    domain = chance.choice(["api.private.example.com", "a.io", "x" * 63 + ".example"])
    return issuance.Identity(edge, organization, str(chance.randint(1, 2**63 - 1)), domain)


def random_list(chance: random.Random, issuer: issuance.Issuer) -> bytes:
    """A revocation list of the issuer with none to 50 entries of every reason."""
    reasons = ("unspecified", "keyCompromise", "superseded", "cessationOfOperation")
    entries = [
        revocation_list.Entry(
            chance.getrandbits(150) | 1 << 150, NOW - timedelta(seconds=chance.randrange(10**7)), reason
        )
        for reason in chance.choices(reasons, k=chance.randint(0, 50))
    ]
    return revocation_list.sign(issuer, chance.randint(1, 2**63), entries, NOW).der


def findings(made: Issuance, chance: random.Random) -> list[str]:
    """pkilint's findings at NOTICE or above on certificate, chain and a revocation list, and OpenSSL's verdicts."""
    return [
        *pkilint.chain_findings(made.chain),
        *pkilint.list_findings(random_list(chance, made.issuer)),
        *openssl_findings(made),
    ]


def openssl_findings(made: Issuance) -> list[str]:
    """What `openssl verify -x509_strict` does wrong with it: it serves clients, and nobody as a server."""
    leaf, *between, root = (x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in made.chain)
    with tempfile.TemporaryDirectory() as directory:
        paths = {name: Path(directory) / name for name in ("leaf", "between", "root")}
        for name, content in (("leaf", leaf), ("between", b"".join(between)), ("root", root)):
            paths[name].write_bytes(content)
        at = str(int(made.issued.not_before.timestamp()) + 1)
        command = ["openssl", "verify", "-x509_strict", "-attime", at, "-CAfile", str(paths["root"])]
        command += ["-untrusted", str(paths["between"])] if between else []
        verdicts = {
            purpose: subprocess.run([*command, "-purpose", purpose, str(paths["leaf"])], capture_output=True, text=True)
            for purpose in ("sslclient", "sslserver")
        }
    found = [] if verdicts["sslclient"].returncode == 0 else [f"refused for clients: {verdicts['sslclient'].stderr}"]
    return found if verdicts["sslserver"].returncode else [*found, "accepted for servers"]


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
