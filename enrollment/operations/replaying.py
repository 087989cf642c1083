"""Repeating an answer: an edge that lost it gets it again for the same key pair, at no second use."""

from __future__ import annotations

from django.db import IntegrityError

from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations import issuers, rules, signing
from enrollment.operations.answer import Enrolled, answer
from enrollment.operations.attempt import Attempt, EnrollmentAttempt, RenewalAttempt
from keys import trust_anchors
from keys.crypto.ca_certificates import spki_sha256
from portal import audit


def replay_or_refuse(attempt: EnrollmentAttempt, code: str) -> Enrolled:
    """Answer a key that admits nobody new: with an earlier answer, else with `code`, whatever the CSR is."""
    if rules.forbids_replay(code) or not attempt.spki_sha256:
        raise Refused(code)
    own = IssuedCertificate.objects.filter(edge__key_public_id=attempt.state.public_id, claims_key_pair=True)
    if not own.filter(spki_sha256=attempt.spki_sha256).exists():
        raise Refused(code)
    return replay(attempt)


def replay(attempt: EnrollmentAttempt) -> Enrolled:
    """The newest certificate of this key pair again.

    Raises Refused: public_key_in_use, enrollment_conflict, trust_anchor_mismatch or signer_unavailable.
    """
    of_pair = IssuedCertificate.objects.filter(spki_sha256=attempt.spki_sha256)
    claim = of_pair.filter(claims_key_pair=True).only("edge_id").first()
    if claim is None:
        # The refused insert was not about the key pair, so it is a fault of ours.
        raise IntegrityError("an insert was refused and no certificate has this public key")
    # Renewal may have given the edge several.
    newest = of_pair.select_related("edge__group", "issuer").filter(edge=claim.edge_id).latest("id")
    rules.refuse(rules.against_replay(newest, attempt.state, attempt.now))
    return _repeat(attempt, newest)


def replay_renewal(attempt: RenewalAttempt, done: IssuedCertificate) -> Enrolled:
    """The recorded renewal `done` again.

    Raises Refused: certificate_superseded for another key pair, trust_anchor_mismatch, signer_unavailable, and as
    `rules.against_renewing`.
    """
    if done.spki_sha256 != attempt.spki_sha256:
        raise Refused("certificate_superseded")
    rules.refuse(rules.against_renewing(done, attempt.now))
    return _repeat(attempt, done)


def _repeat(attempt: Attempt, found: IssuedCertificate) -> Enrolled:
    edge = found.edge
    with signing.withholding(attempt.caller):
        chain = trust_anchors.chain_of(found.issuer)
    attempt.require_anchor(spki_sha256(chain[-1]).hex())
    detail = {"serial": found.serial, "key_public_id": edge.key_public_id, **attempt.judged.for_audit}
    subject = audit.Subject("edge", str(edge.uuid), edge.name)
    audit.record(audit.Action.EDGE_REPLAYED, attempt.caller, subject, detail=detail)
    pems = [issuers.pem_of(each) for each in chain]
    return answer(edge.uuid, edge.name, edge.group.name, found, pems, attempt.judged, replayed=True)
