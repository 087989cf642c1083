"""Renewing: the next certificate of an edge, for the proof of its current one. Never costs a use.

It depends on the edge, its group, the issuer and revocation, not on the provisioning key, which may be gone. The
numbers are those of docs/enrollment.md.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction

from enrollment.errors import Refused
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import issuers, revoking
from enrollment.operations.answer import Enrolled
from enrollment.operations.heartbeats import mark_presented
from enrollment.operations.replaying import is_revoked, repeated
from enrollment.pki import csr, issuance
from keys import trust_anchors
from keys.crypto import keyring, sealing
from keys.models import ProvisioningKey, SigningCertificate
from portal import audit
from portal.actors import Actor

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Renewal:
    """What is to be recorded: the certificate that is renewed, the key pair, the new certificate and its issuer.

    `replaced` is the renewal in whose place it comes.
    """

    old: IssuedCertificate
    judged: csr.JudgedCSR
    issued: issuance.Issued
    issuer: issuance.Issuer
    replaced: IssuedCertificate | None


def renew(
    old: IssuedCertificate,
    csr_pem: str,
    *,
    caller: Actor,
    trust_anchor_sha256: str = "",
    now: datetime | None = None,
) -> Enrolled:
    """The next certificate of the edge that proved to hold `old`; see `enrollment.endpoints.presented_certificate`.

    The same request again gives the same certificate. `trust_anchor_sha256` is as for `enroll`. Raises Refused with the
    reason. `now` is in UTC and defaults to the server's clock.
    """
    now = now or datetime.now(UTC)
    try:
        mark_presented(old, now)
        return _renewed(old, csr_pem, trust_anchor_sha256, caller, now)
    except Refused as refused:
        detail = {
            "serial": old.serial,
            "key_name": old.edge.key_name,
            "key_public_id": old.edge.key_public_id,
            **refused.for_audit,
        }
        audit.record(audit.Action.EDGE_REFUSED, caller, _subject(old.edge), reason=refused.code, detail=detail)
        raise
    except DatabaseError as error:
        logger.error("renewal failed", extra={"kind": type(error).__name__, "request_id": caller.request_id})
        raise Refused("busy") from error


def _renewed(old: IssuedCertificate, csr_pem: str, wanted_anchor: str, caller: Actor, now: datetime) -> Enrolled:
    # 1. Judge certificate, edge and group. 2. Judge the CSR and whose key pair it is.
    _require_good_standing(old, now)
    judged = csr.judge(csr_pem, settings.EDGE_RSA_MINIMUM_BITS, _names_of(old))
    # 3. Renewed already: the same answer for the same key pair, unless the edge never used it and could not today.
    done = _renewal_of(old)
    if done and not _is_outdated(done, old, judged, now):
        return _repeat(done, judged, wanted_anchor, caller, now)
    _require_own_key_pair(old.edge, judged)
    _require_proof_of_the_edge_alone(old)
    # 4. Not before a third of the life is left. 5. Sign.
    if now < old.not_after - (old.not_after - old.not_before) / 3:
        raise Refused("renewal_not_due")
    try:
        renewal = _sign(old, judged, done, wanted_anchor, now)
        # 6. Judge again, and record certificate and event, in one transaction.
        return _record(renewal, caller, now)
    except SigningCertificate.DoesNotExist:
        # Deleted since it was read, so the key names another one now.
        raise Refused("busy") from None
    except IntegrityError:
        # 7. Another request was first with this certificate or this key pair, or the edge shows just now what was to be
        # replaced. The database refuses a second renewal, and to replace one that was presented.
        done = _renewal_of(old)
        if done is None:
            raise Refused("public_key_in_use") from None
        return _repeat(done, judged, wanted_anchor, caller, now)


def _is_outdated(done: IssuedCertificate, old: IssuedCertificate, judged: csr.JudgedCSR, now: datetime) -> bool:
    """Whether a recorded renewal that its edge has not used would be issued below another root or for another name,
    or is not valid: not yet, for the clock was ahead when it was issued, or no more, though the one it renews is.

    An edge that accepts only its own root would refuse it each time it is repeated.
    """
    if done.spki_sha256 != judged.spki_sha256 or done.revoked_at or done.presented_at:
        return False
    if not done.not_before <= now <= done.not_after:
        return True
    anchors = trust_anchors.anchors()
    if anchors[done.issuer_id] != anchors[old.issuer_id]:
        return True
    return x509.load_der_x509_certificate(bytes(done.der)).subject != _identity_of(done.edge).subject


def _require_good_standing(certificate: IssuedCertificate, now: datetime) -> None:
    edge = certificate.edge
    rules = (
        ("certificate_revoked", certificate.revoked_at is not None or edge.deleted_at is not None),
        ("certificate_expired", not certificate.not_before <= now <= certificate.not_after),
        ("edge_disabled", not edge.enabled),
        ("group_disabled", not edge.group.enabled),
    )
    for code, forbids in rules:
        if forbids:
            raise Refused(code)


def _names_of(certificate: IssuedCertificate) -> bytes:
    found = x509.load_der_x509_certificate(bytes(certificate.der)).extensions
    return found.get_extension_for_class(x509.SubjectAlternativeName).value.public_bytes()


def _renewal_of(old: IssuedCertificate) -> IssuedCertificate | None:
    """The recorded renewal of a certificate, the last one where others were replaced."""
    recorded = IssuedCertificate.objects.select_related("edge__group", "issuer").filter(renews=old)
    return recorded.order_by("-pk").first()


def _repeat(
    done: IssuedCertificate, judged: csr.JudgedCSR, wanted_anchor: str, caller: Actor, now: datetime
) -> Enrolled:
    if done.spki_sha256 != judged.spki_sha256:
        raise Refused("certificate_superseded")
    _require_good_standing(done, now)
    answer = repeated(done, judged, wanted_anchor)
    detail = {"serial": done.serial, "key_public_id": done.edge.key_public_id, **judged.for_audit}
    audit.record(audit.Action.EDGE_REPLAYED, caller, _subject(done.edge), detail=detail)
    return answer


def _require_own_key_pair(edge: ServiceEdge, judged: csr.JudgedCSR) -> None:
    claim = IssuedCertificate.objects.filter(spki_sha256=judged.spki_sha256, claims_key_pair=True).first()
    if claim is None:
        return
    if claim.edge_id != edge.pk:
        raise Refused("public_key_in_use")
    if is_revoked(edge.pk, judged.spki_sha256):
        raise Refused("certificate_revoked")


def _require_proof_of_the_edge_alone(old: IssuedCertificate) -> None:
    """A key pair that others may know proves nothing, whichever certificate of it was revoked for that."""
    same = IssuedCertificate.objects.filter(edge=old.edge_id, spki_sha256=old.spki_sha256)
    if same.filter(revocation_reason=IssuedCertificate.RevocationReason.KEY_COMPROMISE).exists():
        raise Refused("certificate_revoked")


def _identity_of(edge: ServiceEdge) -> issuance.Identity:
    return issuance.Identity(edge.uuid, settings.CUSTOMER_ID, str(edge.group_id), settings.CLOUD_DOMAIN)


def _sign(
    old: IssuedCertificate, judged: csr.JudgedCSR, replaced: IssuedCertificate | None, wanted_anchor: str, now: datetime
) -> _Renewal:
    lifetime = timedelta(days=settings.EDGE_CERTIFICATE_DAYS)
    try:
        record = _issuer_for(old, now)
        issuer = issuers.get(record.pk, record.fingerprint)
        if wanted_anchor not in {"", issuer.trust_anchor_sha256}:
            raise Refused("trust_anchor_mismatch")
        csr.require_signable(judged, issuer.authority_keys)
        issued = issuance.issue(judged.public_key, _identity_of(old.edge), issuer, lifetime, now)
        return _Renewal(old, judged, issued, issuer, replaced)
    except (ValueError, keyring.KeyringError, sealing.SealBroken, issuance.ProfileViolation):
        logger.exception("certificate withheld")
        raise Refused("signer_unavailable") from None


def _issuer_for(old: IssuedCertificate, now: datetime) -> SigningCertificate:
    """Which certificate signs, always below the root of the current one: an edge accepts no other.

    The key's signing certificate when that has this root; disabling it stops renewals. With the key gone, moved to
    another root, or when the certificate's time is over: the issuer of the current certificate, else another one of
    the root, the root itself last. Raises Refused: issuer_unavailable.
    """
    anchors = trust_anchors.anchors()
    of_key = (
        ProvisioningKey.objects.filter(public_id=old.edge.key_public_id)
        .values_list("signing_certificate_id", flat=True)
        .first()
    )
    below = [pk for pk, anchor in anchors.items() if anchor == anchors[old.issuer_id]]
    found = SigningCertificate.objects.complete().filter(pk__in=below, sealed_with__isnull=False)
    if any(each.pk == of_key and not each.enabled for each in found):
        raise Refused("issuer_unavailable")
    able = [each for each in found if each.enabled and issuance.may_sign(each.not_before, each.not_after, now)]
    if not able:
        raise Refused("issuer_unavailable")

    def rank(each: SigningCertificate) -> tuple[bool, bool, bool, float]:
        return each.pk != of_key, each.pk != old.issuer_id, each.parent_id is None, -each.not_after.timestamp()

    return min(able, key=rank)


def _record(renewal: _Renewal, caller: Actor, now: datetime) -> Enrolled:
    old, issued, replaced = renewal.old, renewal.issued, renewal.replaced
    revoked: list[IssuedCertificate] = []
    with transaction.atomic():
        _judge_again(renewal, now)
        if replaced:
            revoked = revoking.revoke_replaced(replaced, actor=caller, now=now)
        is_new = not IssuedCertificate.objects.filter(
            spki_sha256=renewal.judged.spki_sha256, claims_key_pair=True
        ).exists()
        new = IssuedCertificate.objects.create(
            edge=old.edge,
            issuer_id=renewal.issuer.id,
            serial=issued.serial,
            spki_sha256=renewal.judged.spki_sha256,
            claims_key_pair=is_new,
            renews=old,
            replaces=replaced,
            fingerprint=issued.fingerprint,
            der=issued.der,
            not_before=issued.not_before,
            not_after=issued.not_after,
            issued_at=now,
        )
        detail = {
            "serial": new.serial,
            "renewed": old.serial,
            "key_name": old.edge.key_name,
            "key_public_id": old.edge.key_public_id,
            **renewal.judged.for_audit,
        }
        audit.record(audit.Action.EDGE_RENEWED, caller, _subject(old.edge), detail=detail, at=now)
    revoking.publish_lists(revoked)
    return _answer(renewal)


def _judge_again(renewal: _Renewal, now: datetime) -> None:
    """What may have changed since it was read; the locks hold it until the commit."""
    edge = ServiceEdge.objects.select_for_update().get(pk=renewal.old.edge_id)
    certificate = IssuedCertificate.objects.select_for_update().get(pk=renewal.old.pk)
    edge.group = type(edge.group).objects.select_for_update(no_key=True).get(pk=edge.group_id)
    certificate.edge = edge
    _require_good_standing(certificate, now)
    _require_own_key_pair(edge, renewal.judged)
    _require_proof_of_the_edge_alone(certificate)
    issuer = SigningCertificate.objects.select_for_update(no_key=True).get(pk=renewal.issuer.id)
    if not issuer.enabled or issuer.fingerprint != renewal.issuer.fingerprint:
        raise Refused("issuer_unavailable")


def _answer(renewal: _Renewal) -> Enrolled:
    edge, issued, issuer = renewal.old.edge, renewal.issued, renewal.issuer
    return Enrolled(
        edge_uuid=edge.uuid,
        edge_name=edge.name,
        group=edge.group.name,
        certificate=issued.pem,
        chain=issuer.chain,
        trust_anchor=issuer.trust_anchor,
        not_before=issued.not_before,
        not_after=issued.not_after,
        replayed=False,
        ignored_extensions=renewal.judged.ignored_extensions,
    )


def _subject(edge: ServiceEdge) -> audit.Subject:
    return audit.Subject("edge", str(edge.uuid), edge.name)
