"""The state of an edge's directory: new, unfinished, enrolled, expired, or damaged beyond repair."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from enrollment.edge import store
from enrollment.edge.key_pair import KeyPair, from_pem, spki
from enrollment.edge.outcomes import Stop, TryLater
from enrollment.edge.pem import not_after, not_before, read_certificate, read_certificates
from enrollment.edge.verification import Untrusted, require_path

_NEW_EDGE = "give an empty --directory to enroll as a new edge, which costs one use."


@dataclass(frozen=True, slots=True)
class Found:
    """The usable content of a directory. A `key_pair` without a `certificate` still has to be enrolled, or repaired."""

    key_pair: KeyPair | None = None
    certificate: x509.Certificate | None = None


def inspect(directory: store.EdgeDirectory, now: datetime, warn: Callable[[str], None]) -> Found:
    """Read a locked directory. Warns of damage that a repeated answer of the portal repairs.

    Raises Stop when the key pair is lost or damaged, or belongs to another or an expired certificate. Raises TryLater
    when the certificate is not valid yet, because the machine's clock is behind.
    """
    key_pair = _read_key_pair(directory)
    if key_pair is None:
        return Found()
    certificate = _read_certificate(directory, warn)
    if certificate is None:
        return Found(key_pair)
    _require_own_and_current(certificate, key_pair, directory, now)
    if not _rest_is_whole(directory, certificate, now):
        warn(f"A file in {directory.path} is missing or damaged; asking for all of them again, which costs no use.")
        return Found(key_pair)
    return Found(key_pair, certificate)


def _read_key_pair(directory: store.EdgeDirectory) -> KeyPair | None:
    content = directory.read(store.KEY)
    if content is None:
        # The key pair is written before all other files: where they exist without it, it is lost.
        if any(directory.read(name) is not None for name in store.NAMES):
            raise Stop(f"{store.KEY} is missing in {directory.path}. Restore it, or {_NEW_EDGE}")
        return None
    try:
        return from_pem(content)
    except ValueError:
        # The file is never replaced: it may be the only copy of a key that has a certificate.
        raise Stop(f"{directory.path / store.KEY} holds no usable private key. Restore it, or {_NEW_EDGE}") from None


def _read_certificate(directory: store.EdgeDirectory, warn: Callable[[str], None]) -> x509.Certificate | None:
    content = directory.read(store.CERTIFICATE)
    if content is None:
        return None
    try:
        return read_certificate(content)
    except ValueError:
        warn(f"{directory.path / store.CERTIFICATE} is damaged; asking for it again, which costs no use.")
        return None


def _require_own_and_current(
    certificate: x509.Certificate, key_pair: KeyPair, directory: store.EdgeDirectory, now: datetime
) -> None:
    if spki(certificate.public_key()) != spki(key_pair.public_key()):
        raise Stop(
            f"{store.CERTIFICATE} in {directory.path} does not belong to {store.KEY}. "
            f"Restore the right one, or {_NEW_EDGE}"
        )
    if now > not_after(certificate):
        raise Stop(
            f"The certificate in {directory.path} expired on {not_after(certificate):%Y-%m-%d %H:%M} UTC. "
            f"If the clock of this machine is right, {_NEW_EDGE}",
            waited_out=True,
        )
    if now < not_before(certificate):
        raise TryLater(f"The certificate in {directory.path} is not valid yet. Check the clock of this machine.")


def _rest_is_whole(directory: store.EdgeDirectory, certificate: x509.Certificate, now: datetime) -> bool:
    """Whether chain, trust anchor and description exist and fit the certificate."""
    chain, anchor = directory.read(store.CHAIN), directory.read(store.TRUST_ANCHOR)
    description = directory.read(store.DESCRIPTION)
    if chain is None or anchor is None or description is None:
        return False
    try:
        # A root that signs edges itself has no chain below it.
        between = read_certificates(chain) if chain else []
        require_path([certificate, *between, read_certificate(anchor)], now)
        return isinstance(json.loads(description), dict)
    except (Untrusted, ValueError):
        return False
