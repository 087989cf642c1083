"""Enrolling an edge, or renewing its certificate, in an order that survives being killed at any point."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from enrollment.edge import renewing, store, transport
from enrollment.edge.answer import moment, parse_answer
from enrollment.edge.directory_state import inspect
from enrollment.edge.key_pair import KeyPair, make_csr, make_key_pair, spki, to_pem
from enrollment.edge.key_text import read_token
from enrollment.edge.placing import write_answer
from enrollment.edge.portal_url import ENDPOINT, read_address
from enrollment.edge.printable import name_of
from enrollment.edge.proxy import choose_proxy
from enrollment.edge.retries import Portal, Warn
from enrollment.edge.verification import require_trust


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command line."""

    url: str
    directory: Path
    key_file: Path | None = None
    ca_file: Path | None = None
    insecure_http: bool = False
    watch: bool = False
    heartbeat_seconds: float = 60.0
    keep_key_pair: bool = False
    proxy: str | None = field(default=None, repr=False)  # it may hold a password

    @property
    def portal(self) -> Portal:
        """The portal that the options name. Raises WrongUsage."""
        address = read_address(self.url, insecure_http=self.insecure_http)
        proxy = choose_proxy(address, self.proxy, insecure_http=self.insecure_http)
        # Reading the system's store takes time, and http does not need it.
        servers = transport.trusted_servers(self.ca_file) if address.encrypted or self.ca_file else None
        return Portal(address, servers, proxy)


def enroll(options: Options, warn: Warn) -> str:
    """Make the directory hold a valid certificate, and return one sentence about it. Raises Stop, or OSError."""
    portal = options.portal
    directory = store.EdgeDirectory(options.directory)
    with directory.locked():
        renewing.finish(directory)
        found = inspect(directory, datetime.now(UTC), warn)
        if found.certificate:
            renewed = renewing.renew_if_due(
                directory, found, options.url, portal, warn, keep_key_pair=options.keep_key_pair
            )
            done = "Renewed" if renewed else "Already enrolled"
            return f"{done}: the certificate is valid until {moment(renewed or found.certificate)}."
        token = read_token(options.key_file, warn)
        key_pair = found.key_pair or _make_key_pair(directory)
        members = {"provisioning_key": token.text, "csr": make_csr(key_pair), "trust_anchor_sha256": token.pin.hex()}
        reply = portal.ask(ENDPOINT, json.dumps(members).encode(), {200, 201}, warn, token.text)
        answer = parse_answer(reply.body)
        require_trust(answer, token.pin, spki(key_pair.public_key()), datetime.now(UTC))
        write_answer(directory, answer, options.url)
    name, group = (name_of(answer.edge[member], token.text) for member in ("name", "group"))
    return f"Enrolled as {name} in group {group}; the certificate is valid until {moment(answer.certificate)}."


def _make_key_pair(directory: store.EdgeDirectory) -> KeyPair:
    """A new key pair, stored before it is sent: the portal repeats an answer only for the same key pair."""
    key_pair = make_key_pair()
    directory.write(store.KEY, to_pem(key_pair))
    return key_pair
