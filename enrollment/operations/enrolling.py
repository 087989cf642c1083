"""Admitting an edge: the numbered cycle, repeated with the same numbers in docs/enrollment.md."""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, IntegrityError

from enrollment.errors import Refused
from enrollment.operations import issuers, lookup, taking_a_use
from enrollment.operations.answer import Enrolled
from enrollment.operations.lookup import KeyState
from enrollment.operations.recording_refusals import record_failure, record_refusal
from enrollment.operations.replaying import replay, replay_or_refuse
from enrollment.pki import csr, issuance
from keys.models import SigningCertificate
from portal.actors import Actor

logger = logging.getLogger(__name__)
# How often an enrollment starts over because an administrator saved the key in between.
_ATTEMPTS = 3


def enroll(
    key_text: str, csr_pem: str, *, caller: Actor, trust_anchor_sha256: str = "", now: datetime | None = None
) -> Enrolled:
    """Admit one edge, or repeat the answer to the same key and key pair without a second use.

    `trust_anchor_sha256` is the only root whose certificates the edge accepts (see `issuance.pin_of`); empty: any.
    Raises Refused with the reason; a refused attempt costs nothing. `now` is in UTC and defaults to the server's clock.
    """
    now = now or datetime.now(UTC)
    # 1. Read the key text. 2. Find the key and prove its secret.
    state = lookup.recognize(lookup.read(key_text))
    try:
        for _ in range(_ATTEMPTS):
            enrolled = _attempt(state, csr_pem, trust_anchor_sha256, caller, now)
            if enrolled:
                return enrolled
            # 8. Somebody changed the key between look-up and recording: look again and say why, or start over.
            state = lookup.find(state.public_id) or _gone()
        raise Refused("busy")
    except Refused as refused:
        record_refusal(refused, state, csr_pem, caller)
        raise
    except DatabaseError as error:
        record_failure(error, state, caller)
        raise Refused("busy") from error


def _gone() -> KeyState:
    raise Refused("invalid_provisioning_key")


def _attempt(state: KeyState, csr_pem: str, wanted_anchor: str, caller: Actor, now: datetime) -> Enrolled | None:
    # 3. Refuse by what the look-up told, unless this is a replay.
    code = lookup.reason_to_refuse(state, caller.client_ip, now)
    if code:
        return replay_or_refuse(state, csr_pem, wanted_anchor, code, caller, now)
    # 4. Judge the CSR: a bad one costs no use.
    judged = csr.judge(csr_pem, settings.EDGE_RSA_MINIMUM_BITS)
    # 5. Decide the identity and sign.
    identity = issuance.Identity(uuid.uuid4(), settings.CUSTOMER_ID, str(state.group_id), settings.CLOUD_DOMAIN)
    try:
        issuer = issuers.get(state.issuer_id, state.issuer_fingerprint)
        if wanted_anchor not in {"", issuer.trust_anchor_sha256}:
            return replay_or_refuse(state, csr_pem, wanted_anchor, "trust_anchor_mismatch", caller, now)
        issued = _sign(judged, identity, issuer, now)
    except SigningCertificate.DoesNotExist:
        # Deleted since the look-up, so the key names another one now or is gone too.
        return None
    except (ValueError, issuance.ProfileViolation):
        logger.exception("certificate withheld", extra={"request_id": caller.request_id})
        return replay_or_refuse(state, csr_pem, wanted_anchor, "signer_unavailable", caller, now)
    # 6. Take the use and record edge, certificate and event in one transaction.
    try:
        name = taking_a_use.record(state, identity, issued, judged, caller, now)
    except IntegrityError:
        # 7. The key pair is known: repeat its answer, or refuse.
        return replay(state, judged, wanted_anchor, caller, now)
    return _admitted(name, state, identity, issued, issuer, judged) if name else None


def _sign(
    judged: csr.JudgedCSR, identity: issuance.Identity, issuer: issuance.Issuer, now: datetime
) -> issuance.Issued:
    csr.require_signable(judged, issuer.authority_keys)
    lifetime = timedelta(days=settings.EDGE_CERTIFICATE_DAYS)
    return issuance.issue(judged.public_key, identity, issuer, lifetime, now)


def _admitted(
    name: str,
    state: KeyState,
    identity: issuance.Identity,
    issued: issuance.Issued,
    issuer: issuance.Issuer,
    judged: csr.JudgedCSR,
) -> Enrolled:
    return Enrolled(
        edge_uuid=identity.edge,
        edge_name=name,
        group=state.group,
        certificate=issued.pem,
        chain=issuer.chain,
        trust_anchor=issuer.trust_anchor,
        not_before=issued.not_before,
        not_after=issued.not_after,
        replayed=False,
        ignored_extensions=judged.ignored_extensions,
    )
