"""Whether key, group, edge and certificate allow what a machine asks for. Each rule is written once.

A function returns the code of the first rule that forbids it, empty when none does. What may change before the commit
is checked again in the transaction: an enrollment by the UPDATE of `taking_a_use`, which repeats these conditions in
SQL, a renewal by these functions on locked rows, a heartbeat by the WHERE of its UPDATE.
"""

from __future__ import annotations

from datetime import datetime

from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations.lookup import FoundKey
from enrollment.revocation_reasons import RevocationReason
from keys.models.key_state import KeyState, key_state

# These forbid everything. With any other code a key admits nobody new, and an earlier answer is still repeated.
_FORBID_REPLAY = frozenset({"key_disabled", "group_disabled", "network_not_allowed"})


def refuse(code: str) -> None:
    """Raise Refused with this code; do nothing when it is empty."""
    if code:
        raise Refused(code)


# The answer to an edge whose key is in this state. In any other one it is admitted.
CODES = {
    KeyState.DISABLED: "key_disabled",
    KeyState.GROUP_DISABLED: "group_disabled",
    KeyState.EXPIRED: "key_expired",
    KeyState.AT_LIMIT: "key_exhausted",
    KeyState.CERTIFICATE_DISABLED: "issuer_unavailable",
    KeyState.CERTIFICATE_EXPIRED: "issuer_unavailable",
    KeyState.CERTIFICATE_NOT_YET_VALID: "issuer_unavailable",
    KeyState.CERTIFICATE_PENDING: "issuer_unavailable",
    KeyState.CERTIFICATE_WITHOUT_PRIVATE_KEY: "issuer_unavailable",
    KeyState.DIFFERENT_ROOT: "trust_anchor_mismatch",
}


def _first(*rules: tuple[str, bool]) -> str:
    return next((code for code, forbids in rules if forbids), "")


def against_enrolling(found: FoundKey, address: str | None, now: datetime, wanted_anchor: str = "") -> str:
    """Against a new edge with this key, from this address, that accepts the root `wanted_anchor` alone (empty: any).

    The state that pages show decides; the network, which no state knows, comes right behind what an administrator
    disabled.
    """
    code = CODES.get(key_state(found.facts(wanted_anchor), now), "")
    if code in {"key_disabled", "group_disabled"} or found.admits(address):
        return code
    return "network_not_allowed"


def forbids_replay(code: str) -> bool:
    """Whether a key that is refused with this code may not have an earlier answer repeated either."""
    return code in _FORBID_REPLAY


def against_replay(certificate: IssuedCertificate, state: FoundKey, now: datetime) -> str:
    """Against repeating the answer with this certificate to an edge that enrolls again with the key of `state`."""
    edge = certificate.edge
    # A certificate of a clock that was ahead is repeated before its time has come.
    lost = against_heartbeat(certificate, max(now, certificate.not_before))
    if edge.key_public_id != state.public_id:
        return "public_key_in_use"
    return _first(("enrollment_conflict", bool(lost) or _is_revoked(edge.pk, certificate.spki_sha256)))


def against_heartbeat(certificate: IssuedCertificate, now: datetime) -> str:
    """Against an edge that shows this certificate."""
    edge = certificate.edge
    return _first(
        ("certificate_revoked", certificate.revoked_at is not None or edge.deleted_at is not None),
        ("certificate_expired", not certificate.not_before <= now <= certificate.not_after),
        ("edge_disabled", not edge.enabled),
    )


def against_renewing(certificate: IssuedCertificate, now: datetime) -> str:
    """Against another certificate for an edge that shows this one, and against repeating this one as a renewal."""
    return against_heartbeat(certificate, now) or _first(("group_disabled", not certificate.edge.group.enabled))


def against_key_pairs(current: IssuedCertificate, spki_sha256: str) -> str:
    """Against renewing this certificate for the key pair `spki_sha256`: whose key pairs the two are."""
    claims = IssuedCertificate.objects.filter(spki_sha256=spki_sha256, claims_key_pair=True)
    owner = claims.values_list("edge", flat=True).first()
    if owner not in {None, current.edge_id}:
        return "public_key_in_use"
    if owner and _is_revoked(current.edge_id, spki_sha256):
        return "certificate_revoked"
    # A key pair that others may know proves nothing, whichever certificate of it was revoked for that.
    same = IssuedCertificate.objects.filter(edge=current.edge_id, spki_sha256=current.spki_sha256)
    compromised = same.filter(revocation_reason=RevocationReason.KEY_COMPROMISE)
    return _first(("certificate_revoked", compromised.exists()))


def _is_revoked(edge_id: int, spki_sha256: str) -> bool:
    """Whether a certificate of an edge's key pair was revoked; a renewal that was only replaced does not count."""
    same = IssuedCertificate.objects.revoked().filter(edge=edge_id, spki_sha256=spki_sha256, replacements=None)
    return same.exists()
