"""Admitting an edge: the numbered cycle, repeated with the same numbers in docs/enrollment.md."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from django.db import DatabaseError, IntegrityError

from enrollment.errors import Refused
from enrollment.operations import lookup, rules, signing, taking_a_use
from enrollment.operations.answer import Enrolled, answer
from enrollment.operations.attempt import EnrollmentAttempt
from enrollment.operations.recording_refusals import record_failure, record_refusal
from enrollment.operations.replaying import replay, replay_or_refuse
from keys.models import SigningCertificate
from portal.actors import Actor

# How often an enrollment starts over because an administrator saved the key in between.
_TRIES = 3


def enroll(
    key_text: str, csr_pem: str, *, caller: Actor, trust_anchor_sha256: str = "", now: datetime | None = None
) -> Enrolled:
    """Admit one edge, or repeat the answer to the same key and key pair without a second use.

    `trust_anchor_sha256` is the only root whose certificates the edge accepts (see `issuance.pin_of`); empty: any.
    Raises Refused with the reason; a refused attempt costs nothing. `now` is in UTC and defaults to the server's clock.
    """
    now = now or datetime.now(UTC)
    # 1. Read the key text.
    token = lookup.read(key_text)
    # 2. Find the key and prove its secret.
    state = lookup.recognize(token)
    attempt = EnrollmentAttempt(csr_pem=csr_pem, wanted_anchor=trust_anchor_sha256, caller=caller, now=now, state=state)
    try:
        return _admit(attempt)
    except Refused as refused:
        record_refusal(refused, attempt)
        raise
    except DatabaseError as error:
        record_failure(error, attempt)
        raise Refused("busy") from error


def _admit(attempt: EnrollmentAttempt) -> Enrolled:
    for _ in range(_TRIES):
        state = attempt.state
        # 3. Refuse by what is known, unless this is a replay.
        code = rules.against_enrolling(state, attempt.caller.client_ip, attempt.now, attempt.wanted_anchor)
        if code:
            return replay_or_refuse(attempt, code)
        # 4. Judge the CSR: a bad one costs no use.
        judged = attempt.judged
        # 5. Decide the identity and sign.
        identity = signing.identity_of(uuid.uuid4(), state.group_id)
        try:
            signed = signing.sign(attempt, identity, state.issuer_id, state.issuer_fingerprint)
            # 6. Take the use and record edge, certificate and event in one transaction.
            name = taking_a_use.record(attempt, identity, signed.certificate)
        except Refused as refused:
            # Repeating an earlier answer takes no signature, and may be below the root that is wanted.
            if refused.code in {"trust_anchor_mismatch", "signer_unavailable"}:
                return replay_or_refuse(attempt, refused.code)
            raise
        except IntegrityError:
            # 7. The key pair is known: repeat its answer, or refuse.
            return replay(attempt)
        except SigningCertificate.DoesNotExist:
            # Deleted since the look-up, so the key names another one now or is deleted too.
            name = None
        if name:
            chain = (*signed.issuer.chain, signed.issuer.trust_anchor)
            return answer(identity.edge, name, state.group, signed.certificate, chain, judged)
        # 8. Somebody changed the key between 2 and 6: look again, and refuse with the reason or start over.
        found = lookup.find(state.public_id)
        if found is None:
            raise Refused("invalid_provisioning_key")
        attempt.state = found
    raise Refused("busy")
