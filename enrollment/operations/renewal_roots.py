"""Below which root a renewal stays, which certificate of it signs, and when a recorded renewal is out of date."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations import signing
from enrollment.operations.attempt import RenewalAttempt
from keys import trust_anchors
from keys.crypto.ca_certificates import may_sign
from keys.models import ProvisioningKey, SigningCertificate


def issuer_for(current: IssuedCertificate, now: datetime) -> SigningCertificate:
    """Which certificate signs the renewal of `current`, always below the same root: an edge accepts no other.

    The key's signing certificate when that has this root; disabling it stops renewals. When the key is deleted or was
    moved to another root, or when the certificate's time is over: the issuer of the current certificate, else another
    one of the root, the root itself last. Raises Refused: issuer_unavailable.
    """
    anchors = trust_anchors.anchors()
    of_key = (
        ProvisioningKey.objects.filter(public_id=current.edge.key_public_id)
        .values_list("signing_certificate_id", flat=True)
        .first()
    )
    below = [pk for pk, anchor in anchors.items() if anchor == anchors[current.issuer_id]]
    found = SigningCertificate.objects.complete().filter(pk__in=below, sealed_with__isnull=False)
    if any(each.pk == of_key and not each.enabled for each in found):
        raise Refused("issuer_unavailable")
    able = [each for each in found if each.enabled and may_sign(each.not_before, each.not_after, now)]
    if not able:
        raise Refused("issuer_unavailable")

    def rank(each: SigningCertificate) -> tuple[bool, bool, bool, float]:
        return each.pk != of_key, each.pk != current.issuer_id, each.parent_id is None, -each.not_after.timestamp()

    return min(able, key=rank)


def is_outdated(done: IssuedCertificate, attempt: RenewalAttempt) -> bool:
    """Whether a recorded renewal that its edge has not used would be issued below another root or for another name
    today, or is not valid: not yet, because the clock was ahead when it was issued, or no longer, although the
    certificate that it renews is.

    An edge that accepts only its own root would refuse it each time it is repeated. Raises Refused: signer_unavailable.
    """
    if done.spki_sha256 != attempt.spki_sha256 or done.revoked_at or done.presented_at:
        return False
    if not done.not_before <= attempt.now <= done.not_after:
        return True
    anchors = trust_anchors.anchors()
    with signing.withholding(attempt.caller):
        names = x509.load_der_x509_certificate(bytes(done.der)).subject
    if anchors[done.issuer_id] != anchors[attempt.current.issuer_id]:
        return True
    return names != signing.identity_of(done.edge.uuid, done.edge.group_id).subject
