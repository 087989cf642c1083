"""Remembering refusals: each one after proof, and a sample of those before."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError

from enrollment.errors import BEFORE_PROOF, Refused
from enrollment.operations.lookup import KeyState
from enrollment.pki import csr
from portal import audit
from portal.actors import Actor
from portal.client_ip import network_of
from portal.database import is_unavailable
from portal.rate_limit import Shield

# Asked before the database, so that a flood of strangers does not reach it.
sampled = Shield(limit=1, seconds=60)


def _key_subject(state: KeyState) -> audit.Subject:
    return audit.Subject("key", str(state.id), state.name)


def record_refusal(refused: Refused, state: KeyState, csr_pem: str, caller: Actor) -> None:
    """An event for a refusal after proof, with what is wrong inside and the key pair where it could be read."""
    code = refused.code
    if code in BEFORE_PROOF:
        return
    detail = {"key_public_id": state.public_id, **refused.for_audit}
    with suppress(Refused):
        detail["spki_sha256"] = csr.judge(csr_pem, settings.EDGE_RSA_MINIMUM_BITS).spki_sha256
    audit.record(audit.Action.EDGE_REFUSED, caller, _key_subject(state), reason=code, detail=detail)


def record_failure(error: DatabaseError, state: KeyState, caller: Actor) -> None:
    """The transaction failed and was rolled back; say so in one of its own. A lost database cannot be told."""
    if is_unavailable(error):
        return
    detail = {"key_public_id": state.public_id}
    audit.record(audit.Action.EDGE_FAILED, caller, _key_subject(state), reason="busy", detail=detail)


def sample_refusal(code: str, caller: Actor) -> None:
    """Record a refusal that came before proof; the log keeps a sample of them."""
    network = network_of(caller.client_ip)
    source = f"{code}|{network}"
    if code not in BEFORE_PROOF or sampled.retry_after(code) or sampled.retry_after(source):
        return
    if not audit.record_once(audit.Action.EDGE_REFUSED, caller, audit.Subject("key"), once=network, reason=code):
        sampled.count(code)
    sampled.count(source)
