"""Renewing: the next certificate of an edge, for the proof of its current one. Never costs a use.

It depends on the edge, its group, the issuer and revocation, not on the provisioning key, which may be deleted. The
numbers are those of docs/enrollment.md.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from django.db import DatabaseError, IntegrityError, transaction

from enrollment.errors import Refused
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import renewal_roots, revoking, rules, signing
from enrollment.operations.answer import Enrolled, answer, renew_after
from enrollment.operations.attempt import RenewalAttempt
from enrollment.operations.heartbeats import mark_presented
from enrollment.operations.recording_refusals import record_renewal_refusal
from enrollment.operations.replaying import replay_renewal
from enrollment.operations.signing import Signed
from keys.models import SigningCertificate
from portal import audit
from portal.actors import Actor

logger = logging.getLogger(__name__)


def renew(
    current: IssuedCertificate,
    csr_pem: str,
    *,
    caller: Actor,
    trust_anchor_sha256: str = "",
    now: datetime | None = None,
) -> Enrolled:
    """The next certificate of the edge that has proved to hold `current` (see `endpoints.presented_certificate`).

    The same request again gives the same certificate. `trust_anchor_sha256` is as for `enroll`. Raises Refused with the
    reason. `now` is in UTC and defaults to the server's clock.
    """
    now = now or datetime.now(UTC)
    attempt = RenewalAttempt(
        csr_pem=csr_pem, wanted_anchor=trust_anchor_sha256, caller=caller, now=now, current=current
    )
    try:
        mark_presented(current, now)
        return _renew(attempt)
    except Refused as refused:
        record_renewal_refusal(refused, attempt)
        raise
    except DatabaseError as error:
        logger.error("renewal failed", extra={"kind": type(error).__name__, "request_id": caller.request_id})
        raise Refused("busy") from error


def _renew(attempt: RenewalAttempt) -> Enrolled:
    current, now = attempt.current, attempt.now
    # 1. Judge certificate, edge and group.
    rules.refuse(rules.against_renewing(current, now))
    # 2. Judge the CSR.
    judged = attempt.judged
    # 3. A certificate is renewed once: the same answer for the same key pair, unless the edge never used it and could
    # not use it today.
    done = _renewal_of(current)
    if done and not renewal_roots.is_outdated(done, attempt):
        return replay_renewal(attempt, done)
    rules.refuse(rules.against_key_pairs(current, judged.spki_sha256))
    # 4. Not before a third of the life is left.
    if now < renew_after(current.not_before, current.not_after):
        raise Refused("renewal_not_due")
    try:
        # 5. Sign, below the root of the current certificate.
        issuer = renewal_roots.issuer_for(current, now)
        identity = signing.identity_of(current.edge.uuid, current.edge.group_id)
        signed = signing.sign(attempt, identity, issuer.pk, issuer.fingerprint)
        # 6. Judge again, and record certificate and event, in one transaction.
        _record(attempt, signed, replaced=done)
    except SigningCertificate.DoesNotExist:
        # Deleted since it was read, so the key names another one now.
        raise Refused("busy") from None
    except IntegrityError:
        # 7. Another request was first with this certificate or this key pair, or the edge shows just now what was to be
        # replaced. The database refuses a second renewal, and to replace one that was presented.
        done = _renewal_of(current)
        if done is not None:
            return replay_renewal(attempt, done)
        if IssuedCertificate.objects.filter(spki_sha256=judged.spki_sha256).exists():
            raise Refused("public_key_in_use") from None
        # The refused insert was not about the key pair, so it is a fault of ours.
        raise
    edge, chain = current.edge, (*signed.issuer.chain, signed.issuer.trust_anchor)
    return answer(edge.uuid, edge.name, edge.group.name, signed.certificate, chain, judged)


def _renewal_of(current: IssuedCertificate) -> IssuedCertificate | None:
    """The recorded renewal of a certificate, the last one where others were replaced."""
    recorded = IssuedCertificate.objects.select_related("edge__group", "issuer").filter(renews=current)
    return recorded.order_by("-pk").first()


def _record(attempt: RenewalAttempt, signed: Signed, *, replaced: IssuedCertificate | None) -> None:
    """Store the certificate and its event; `replaced` is the renewal in whose place it comes, and is revoked."""
    current, judged, issued = attempt.current, attempt.judged, signed.certificate
    revoked: list[IssuedCertificate] = []
    with transaction.atomic():
        _judge_again(attempt, signed)
        if replaced:
            revoked = revoking.revoke_replaced(replaced, actor=attempt.caller, now=attempt.now)
        of_pair = IssuedCertificate.objects.filter(spki_sha256=judged.spki_sha256, claims_key_pair=True)
        new = IssuedCertificate.objects.create(
            edge=current.edge,
            issuer_id=signed.issuer.id,
            serial=issued.serial,
            spki_sha256=judged.spki_sha256,
            claims_key_pair=not of_pair.exists(),
            renews=current,
            replaces=replaced,
            fingerprint=issued.fingerprint,
            der=issued.der,
            not_before=issued.not_before,
            not_after=issued.not_after,
            issued_at=attempt.now,
        )
        ServiceEdge.objects.filter(pk=current.edge_id).update_expiry()
        detail = {
            "serial": new.serial,
            "renewed": current.serial,
            "key_name": current.edge.key_name,
            "key_public_id": current.edge.key_public_id,
            **judged.for_audit,
        }
        subject = audit.Subject("edge", str(current.edge.uuid), current.edge.name)
        audit.record(audit.Action.EDGE_RENEWED, attempt.caller, subject, detail=detail, at=attempt.now)
    revoking.publish_lists(revoked)


def _judge_again(attempt: RenewalAttempt, signed: Signed) -> None:
    """What may have changed since it was read; the locks hold it until the commit."""
    edge = ServiceEdge.objects.select_for_update().get(pk=attempt.current.edge_id)
    certificate = IssuedCertificate.objects.select_for_update().get(pk=attempt.current.pk)
    edge.group = type(edge.group).objects.select_for_update(no_key=True).get(pk=edge.group_id)
    certificate.edge = edge
    rules.refuse(rules.against_renewing(certificate, attempt.now))
    rules.refuse(rules.against_key_pairs(certificate, attempt.judged.spki_sha256))
    issuer = SigningCertificate.objects.select_for_update(no_key=True).get(pk=signed.issuer.id)
    if not issuer.enabled or issuer.fingerprint != signed.issuer.fingerprint:
        raise Refused("issuer_unavailable")
