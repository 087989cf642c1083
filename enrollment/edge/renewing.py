"""Renewing a certificate in an order that survives being killed at any point.

The next key pair is stored before it is sent, and the verified answer is stored before any file is replaced. `finish`
then replaces the files, in this run or in the next, so that key and certificate change together.
"""

from __future__ import annotations

import json
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
    """Renew the certificate when it is due, and return the new one; None when it is not due. Raises Stop.

    The new certificate is for a new key pair, or for the present one with `keep_key_pair`. A renewal that was begun
    earlier keeps the key pair it was begun with. On any exception the current certificate and its key are unchanged.
    """
    now = datetime.now(UTC)
    if found.key_pair is None or found.certificate is None or now < _due(directory, found.certificate):
        return None
    try:
        # A renewal that was begun: the portal repeats an answer only for the same key pair.
        next_pair = from_pem(directory.read(store.NEXT_KEY) or b"")
    except ValueError:
        next_pair = found.key_pair if keep_key_pair else make_key_pair()
        directory.write(store.NEXT_KEY, to_pem(next_pair))
    pin = spki_sha256(read_certificate(directory.read(store.TRUST_ANCHOR) or b""))
    request = signed(directory, found.key_pair, RENEW_FRAME, ("csr", make_csr(next_pair)), now)
    # The pin needs no signature: with a changed pin the portal would only refuse.
    body = json.dumps(request | {"trust_anchor_sha256": pin.hex()}).encode()
    try:
        reply = portal.ask(RENEW, body, {200, 201}, warn)
    except Stop as refused:
        if refused.code == "renewal_not_due":
            # The portal's clock decides, not that of this machine.
            return None
        raise
    answer = parse_answer(reply.body)
    require_trust(answer, pin, spki(next_pair.public_key()), now)
    # The common name is the edge's UUID and must stay. Organization and group may change.
    if common_names(answer.certificate) != common_names(found.certificate):
        raise Untrusted("The portal renewed the certificate of another edge.")
    directory.write(store.NEXT_ANSWER, json.dumps({"url": url, "answer": reply.body.decode()}).encode())
    finish(directory)
    return answer.certificate


def finish(directory: store.EdgeDirectory) -> None:
    """Replace the files by a stored answer, if there is one. Without an answer the next renewal asks again."""
    waiting, key = directory.read(store.NEXT_ANSWER), directory.read(store.NEXT_KEY)
    if waiting is None:
        return
    try:
        document = json.loads(waiting)
        answer, url = parse_answer(document["answer"].encode()), document["url"]
    except (ValueError, TypeError, KeyError, AttributeError, Stop):
        # A damaged answer: the portal repeats it for the same key pair.
        directory.remove(store.NEXT_ANSWER)
        return
    if key is not None:
        directory.write(store.KEY, key)
    write_answer(directory, answer, url)
    # The key is removed first: after a kill in between, the answer is stored once more. With only the key left, the
    # next renewal would ask for a certificate for it.
    directory.remove(store.NEXT_KEY)
    directory.remove(store.NEXT_ANSWER)


def _due(directory: store.EdgeDirectory, certificate: x509.Certificate) -> datetime:
    """The stored `renew_after`, but at the latest when a third of the validity is left. Asking early costs nothing."""
    third_left = not_after(certificate) - (not_after(certificate) - not_before(certificate)) / 3
    try:
        text = json.loads(directory.read(store.DESCRIPTION) or b"{}")["renew_after"]
        return min(third_left, datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC))
    except (KeyError, TypeError, ValueError):
        # The file is damaged; the portal answers whether the renewal is due.
        return datetime.now(UTC)


def signed(
    directory: store.EdgeDirectory, key_pair: KeyPair, purpose: str, member: tuple[str, str], now: datetime
) -> dict[str, str]:
    """The members of a renewal or heartbeat, signed with the current key (docs/enrollment.md)."""
    name, content = member
    issued_at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    certificate = (directory.read(store.CERTIFICATE) or b"").decode()
    signature = sign(key_pair, f"{purpose}\n{issued_at}\n{content}")
    return {"certificate": certificate, name: content, "issued_at": issued_at, "signature": signature}
