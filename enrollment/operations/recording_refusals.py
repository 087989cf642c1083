"""Events for refusals: each one after proof, and a sample of those before."""

from __future__ import annotations

from django.db import DatabaseError

from enrollment.errors import BEFORE_PROOF, Refused
from enrollment.operations.attempt import EnrollmentAttempt, RenewalAttempt
from enrollment.operations.lookup import FoundKey
from portal import audit
from portal.actors import Actor
from portal.client_ip import network_of
from portal.database import is_unavailable
from portal.rate_limit import RateLimit

# Asked before the database, so that a flood of unauthenticated requests costs it nothing.
sampled = RateLimit(limit=1, seconds=60)


def _key_subject(state: FoundKey) -> audit.Subject:
    return audit.Subject("key", str(state.id), state.name)


def record_refusal(refused: Refused, attempt: EnrollmentAttempt) -> None:
    """An event for a refusal after proof, with what is wrong inside, and the key pair of a CSR that is not refused."""
    code = refused.code
    if code in BEFORE_PROOF:
        return
    detail = {"key_public_id": attempt.state.public_id, **refused.for_audit}
    if attempt.spki_sha256:
        detail["spki_sha256"] = attempt.spki_sha256
    audit.record(audit.Action.EDGE_REFUSED, attempt.caller, _key_subject(attempt.state), reason=code, detail=detail)


def record_renewal_refusal(refused: Refused, attempt: RenewalAttempt) -> None:
    """An event for the refusal of a renewal, with what is wrong inside."""
    edge = attempt.current.edge
    detail = {
        "serial": attempt.current.serial,
        "key_name": edge.key_name,
        "key_public_id": edge.key_public_id,
        **refused.for_audit,
    }
    subject = audit.Subject("edge", str(edge.uuid), edge.name)
    audit.record(audit.Action.EDGE_REFUSED, attempt.caller, subject, reason=refused.code, detail=detail)


def record_failure(error: DatabaseError, attempt: EnrollmentAttempt) -> None:
    """An event, in its own transaction, for a transaction that failed and was rolled back; none without a database."""
    if is_unavailable(error):
        return
    detail = {"key_public_id": attempt.state.public_id}
    audit.record(audit.Action.EDGE_FAILED, attempt.caller, _key_subject(attempt.state), reason="busy", detail=detail)


def sample_refusal(code: str, caller: Actor) -> None:
    """Record a refusal that came before proof; the log keeps a sample of them."""
    network = network_of(caller.client_ip)
    source = f"{code}|{network}"
    if code not in BEFORE_PROOF or sampled.retry_after(code) or sampled.retry_after(source):
        return
    if not audit.record_once(audit.Action.EDGE_REFUSED, caller, audit.Subject("key"), once=network, reason=code):
        sampled.count(code)
    sampled.count(source)
