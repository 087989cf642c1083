"""The cycle of an edge, in an order that survives being killed at any point."""

from __future__ import annotations

import json
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from enrollment.edge import store, transport
from enrollment.edge.address import Address, read_address
from enrollment.edge.answer import Answer, printable, read_answer
from enrollment.edge.inspection import inspect
from enrollment.edge.key_pair import KeyPair, make_csr, make_key_pair, spki, to_pem
from enrollment.edge.key_text import read_token
from enrollment.edge.outcomes import TryLater
from enrollment.edge.pem import write_certificates
from enrollment.edge.verification import require_trust
from keys.tokens import Token

Warn = Callable[[str], None]
_PAUSES = (1.0, 3.0)
_LONGEST_PAUSE = 10


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    url: str
    directory: Path
    key_file: Path | None = None
    ca_file: Path | None = None
    insecure_http: bool = False


def enroll(options: Options, warn: Warn) -> str:
    """Bring the directory to a valid certificate and say what was done. Raises Stop, or OSError from the disk."""
    address = read_address(options.url, insecure_http=options.insecure_http)
    servers = transport.trusted_servers(options.ca_file)
    directory = store.EdgeDirectory(options.directory)
    with directory.locked():
        found = inspect(directory, datetime.now(UTC), warn)
        if found.certificate:
            return f"Already enrolled: the certificate is valid until {_moment(found.certificate)}."
        token = read_token(options.key_file, warn)
        key_pair = found.key_pair or _keep_key_pair(directory)
        answer = _ask(address, servers, _request(token, key_pair), warn)
        require_trust(answer, token.pin, spki(key_pair.public_key()), datetime.now(UTC))
        _keep(directory, answer, options.url)
    name, group = printable(answer.edge["name"]), printable(answer.edge["group"])
    return f"Enrolled as {name} in group {group}; the certificate is valid until {_moment(answer.certificate)}."


def _keep_key_pair(directory: store.EdgeDirectory) -> KeyPair:
    """A new key pair, on the disk before anybody hears of it: only with the same one is an answer repeated."""
    key_pair = make_key_pair()
    directory.write(store.KEY, to_pem(key_pair))
    return key_pair


def _request(token: Token, key_pair: KeyPair) -> bytes:
    return json.dumps({"provisioning_key": token.text, "csr": make_csr(key_pair)}).encode()


def _ask(address: Address, servers: ssl.SSLContext, body: bytes, warn: Warn) -> Answer:
    """Send the request, a few times if need be: the same key pair never costs a second use."""
    for pause in _PAUSES:
        try:
            return read_answer(transport.post(address, body, servers))
        except TryLater as later:
            wait = _wait(later, pause)
            if wait is None:
                raise
            warn(f"{later.reason} Trying again in {wait:.0f} s.")
            time.sleep(wait)
    return read_answer(transport.post(address, body, servers))


def _wait(later: TryLater, pause: float) -> float | None:
    """How long to wait within this run, or None when the portal asks for more patience than one run has."""
    if not later.soon or (later.retry_after or 0) > _LONGEST_PAUSE:
        return None
    # Many edges start at the same moment; they should not come back at the same moment.
    return (later.retry_after or pause) * random.uniform(1, 1.3)  # noqa: S311  # not a secret


def _keep(directory: store.EdgeDirectory, answer: Answer, url: str) -> None:
    """Store the answer; the certificate comes last, because its presence says that all the rest is there."""
    description = {
        "edge": answer.edge,
        "portal": url,
        "not_after": _moment(answer.certificate),
        "renew_after": answer.renew_after,
    }
    directory.write(store.CHAIN, write_certificates(answer.chain))
    directory.write(store.TRUST_ANCHOR, write_certificates([answer.trust_anchor]))
    directory.write(store.DESCRIPTION, json.dumps(description, indent=2, ensure_ascii=False).encode() + b"\n")
    directory.write(store.CERTIFICATE, write_certificates([answer.certificate]))


def _moment(certificate: x509.Certificate) -> str:
    return f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
