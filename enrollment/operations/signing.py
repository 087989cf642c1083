"""Signing a certificate for an edge, the same for enrollment and renewal."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from enrollment.errors import Refused
from enrollment.operations import issuers
from enrollment.operations.attempt import Attempt
from enrollment.pki import csr, issuance
from enrollment.pki.issuance import Identity, Issued, Issuer, ProfileViolation
from portal.actors import Actor

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate that is not recorded yet, and who signed it."""

    certificate: Issued
    issuer: Issuer


def identity_of(edge_uuid: uuid.UUID, group_id: int) -> Identity:
    """The identity that the portal gives an edge, by the settings of today."""
    return Identity(edge_uuid, settings.CUSTOMER_ID, str(group_id), settings.CLOUD_DOMAIN)


def sign(attempt: Attempt, identity: Identity, issuer_id: int, fingerprint: str) -> Signed:
    """The certificate of `identity` for the key pair of the attempt, by the signing certificate with this row id.

    Raises Refused: trust_anchor_mismatch, csr_key_rejected or signer_unavailable; SigningCertificate.DoesNotExist when
    it was deleted since it was read.
    """
    with withholding(attempt.caller):
        issuer = issuers.get(issuer_id, fingerprint)
        attempt.require_anchor(issuer.trust_anchor_sha256)
        csr.require_signable(attempt.judged, issuer.authority_keys)
        lifetime = timedelta(days=settings.EDGE_CERTIFICATE_DAYS)
        return Signed(issuance.issue(attempt.judged.public_key, identity, issuer, lifetime, attempt.now), issuer)


@contextmanager
def withholding(caller: Actor) -> Iterator[None]:
    """Send nothing when a private key does not open, a stored certificate cannot be read, or a signed one is not as its
    profile wants it. The reason is logged. Raises Refused: signer_unavailable.
    """
    try:
        yield
    except (ValueError, ProfileViolation):
        # KeyringError and SealBroken are ValueErrors.
        logger.exception("certificate withheld", extra={"request_id": caller.request_id})
        raise Refused("signer_unavailable") from None
