"""Repeating an answer: a lost one can be fetched again with the same key and key pair, at no second use."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.db import IntegrityError

from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations import issuers, lookup
from enrollment.operations.answer import Enrolled
from enrollment.operations.lookup import KeyState
from enrollment.pki import csr, issuance
from keys import trust_anchors
from portal import audit
from portal.actors import Actor


def replay_or_refuse(
    state: KeyState, csr_pem: str, wanted_anchor: str, code: str, caller: Actor, now: datetime
) -> Enrolled:
    """Answer a key that admits nobody new: with an earlier answer, else with `code`, whatever the CSR is."""
    if lookup.reason_to_refuse_replay(state, caller.client_ip):
        raise Refused(code)
    try:
        judged = csr.judge(csr_pem, settings.EDGE_RSA_MINIMUM_BITS)
    except Refused:
        raise Refused(code) from None
    if not IssuedCertificate.objects.filter(
        spki_sha256=judged.spki_sha256, claims_key_pair=True, edge__key_public_id=state.public_id
    ).exists():
        raise Refused(code)
    return replay(state, judged, wanted_anchor, caller, now)


def replay(state: KeyState, judged: csr.JudgedCSR, wanted_anchor: str, caller: Actor, now: datetime) -> Enrolled:
    """The newest certificate of this key pair again.

    Raises Refused: public_key_in_use, enrollment_conflict or trust_anchor_mismatch.
    """
    spki_sha256 = judged.spki_sha256
    claim = IssuedCertificate.objects.filter(spki_sha256=spki_sha256, claims_key_pair=True).only("edge_id").first()
    if claim is None:
        # The refused insert was not about the key pair, so it is a fault of ours.
        raise IntegrityError("an insert was refused and no certificate has this public key")
    found = newest(claim.edge_id, spki_sha256)
    edge = found.edge
    if edge.key_public_id != state.public_id:
        raise Refused("public_key_in_use")
    if edge.deleted_at or not edge.enabled or found.not_after < now or is_revoked(edge.pk, spki_sha256):
        raise Refused("enrollment_conflict")
    answer = repeated(found, judged, wanted_anchor)
    subject = audit.Subject("edge", str(edge.uuid), edge.name)
    detail = {"serial": found.serial, "key_public_id": edge.key_public_id, **judged.for_audit}
    audit.record(audit.Action.EDGE_REPLAYED, caller, subject, detail=detail)
    return answer


def is_revoked(edge_id: int, spki_sha256: str) -> bool:
    """Whether a certificate of an edge's key pair was revoked; one that was only replaced says nothing of the pair."""
    same = IssuedCertificate.objects.revoked().filter(edge=edge_id, spki_sha256=spki_sha256, replacements=None)
    return same.exists()


def newest(edge_id: int, spki_sha256: str) -> IssuedCertificate:
    """The latest certificate of an edge with this key pair; renewal may have given it several."""
    certificates = IssuedCertificate.objects.select_related("edge__group", "issuer")
    return certificates.filter(edge_id=edge_id, spki_sha256=spki_sha256).latest("id")


def repeated(found: IssuedCertificate, judged: csr.JudgedCSR, wanted_anchor: str) -> Enrolled:
    """The answer that came with a stored certificate, to the CSR that asks for it again.

    Raises Refused: trust_anchor_mismatch.
    """
    *chain, anchor = (issuers.pem_of(each) for each in trust_anchors.chain_of(found.issuer))
    if wanted_anchor not in {"", issuance.pin_of(anchor)}:
        raise Refused("trust_anchor_mismatch")
    certificate = x509.load_der_x509_certificate(bytes(found.der))
    return Enrolled(
        edge_uuid=found.edge.uuid,
        edge_name=found.edge.name,
        group=found.edge.group.name,
        certificate=certificate.public_bytes(Encoding.PEM).decode(),
        chain=tuple(chain),
        trust_anchor=anchor,
        not_before=found.not_before,
        not_after=found.not_after,
        replayed=True,
        ignored_extensions=judged.ignored_extensions,
    )
