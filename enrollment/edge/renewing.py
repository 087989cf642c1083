"""Renewing in an order that survives being killed at any point.

The next key pair is on the disk before the portal hears of it, and the verified answer before anything is replaced.
From there `finish` goes on, in this run or in the next, so that key and certificate change together.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

from cryptography import x509

from enrollment.edge import store
from enrollment.edge.answer import parse_answer
from enrollment.edge.directory_state import Found
from enrollment.edge.key_pair import KeyPair, from_pem, make_csr, make_key_pair, sign, spki, to_pem
from enrollment.edge.outcomes import Stop
from enrollment.edge.pem import not_after, not_before, read_certificate
from enrollment.edge.placing import write_answer
from enrollment.edge.portal_url import RENEW
from enrollment.edge.retries import Portal, Warn
from enrollment.edge.verification import Untrusted, common_names, require_trust
from keys.crypto.ca_certificates import spki_sha256

RENEW_FRAME, HEARTBEAT_FRAME = "psek-renew-v1", "psek-heartbeat-v1"


def renew_if_due(
    directory: store.EdgeDirectory, found: Found, url: str, portal: Portal, warn: Warn, *, keep_key_pair: bool = False
) -> x509.Certificate | None:
    """The next certificate, put into place; None before a third of the life is left. Raises Stop.

    It is for a new key pair, or for the present one with `keep_key_pair`, unless a renewal was begun otherwise.
    Whatever it raises, the current certificate and its key are untouched.
    """
    now = datetime.now(UTC)
    if found.key_pair is None or found.certificate is None or now < _due(directory, found.certificate):
        return None
    next_pair = _next_key_pair(directory, found.key_pair if keep_key_pair else None)
    pin = spki_sha256(read_certificate(directory.read(store.TRUST_ANCHOR) or b""))
    request = signed(directory, found.key_pair, RENEW_FRAME, ("csr", make_csr(next_pair)), now)
    # Not signed: whoever changed it on the way could only have the portal refuse.
    body = json.dumps(request | {"trust_anchor_sha256": pin.hex()}).encode()
    try:
        reply = portal.ask(RENEW, body, {200, 201}, warn)
    except Stop as refused:
        if refused.code == "renewal_not_due":
            # Ours is not the clock that counts.
            return None
        raise
    answer = parse_answer(reply.body)
    require_trust(answer, pin, spki(next_pair.public_key()), now)
    # The UUID is the edge; organization and group are the portal's to change.
    if common_names(answer.certificate) != common_names(found.certificate):
        raise Untrusted("The portal renewed the certificate of another edge.")
    directory.write(store.NEXT_ANSWER, json.dumps({"url": url, "answer": reply.body.decode()}).encode())
    finish(directory)
    return answer.certificate


def finish(directory: store.EdgeDirectory) -> None:
    """Put a verified answer into place, if one waits; a renewal without an answer goes on by asking again."""
    waiting, key = directory.read(store.NEXT_ANSWER), directory.read(store.NEXT_KEY)
    if waiting is None:
        return
    try:
        document = json.loads(waiting)
        answer, url = parse_answer(document["answer"].encode()), document["url"]
    except (ValueError, TypeError, KeyError, AttributeError, Stop):
        # The portal repeats it for the same key pair.
        directory.remove(store.NEXT_ANSWER)
        return
    if key is not None:
        directory.write(store.KEY, key)
    write_answer(directory, answer, url)
    # In this order: an answer without its key is put into place once more, a key without its answer would be asked for.
    directory.remove(store.NEXT_KEY)
    directory.remove(store.NEXT_ANSWER)


def _due(directory: store.EdgeDirectory, certificate: x509.Certificate) -> datetime:
    """When the portal said, and no later than when a third of the life is left: asking too early costs nothing."""
    third_left = not_after(certificate) - (not_after(certificate) - not_before(certificate)) / 3
    try:
        text = json.loads(directory.read(store.DESCRIPTION) or b"{}")["renew_after"]
        return min(third_left, datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC))
    except (KeyError, TypeError, ValueError):
        # The portal knows better than a damaged file.
        return datetime.now(UTC)


def _next_key_pair(directory: store.EdgeDirectory, kept: KeyPair | None) -> KeyPair:
    """The key pair of a renewal that was begun, else another: only with the same one is an answer repeated."""
    with suppress(ValueError):
        return from_pem(directory.read(store.NEXT_KEY) or b"")
    key_pair = kept or make_key_pair()
    directory.write(store.NEXT_KEY, to_pem(key_pair))
    return key_pair


def signed(
    directory: store.EdgeDirectory, key_pair: KeyPair, purpose: str, member: tuple[str, str], now: datetime
) -> dict[str, str]:
    """A request signed with the current key: renewal and heartbeat have the same frame (docs/enrollment.md)."""
    name, content = member
    issued_at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    certificate = (directory.read(store.CERTIFICATE) or b"").decode()
    signature = sign(key_pair, f"{purpose}\n{issued_at}\n{content}")
    return {"certificate": certificate, name: content, "issued_at": issued_at, "signature": signature}
