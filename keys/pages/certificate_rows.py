"""View data of one signing certificate, for the list and its own page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from keys.models import SigningCertificate
from keys.pages.presentation import colons, distinguished_name, expiry, stamp


def described(certificate: SigningCertificate, now: datetime, strangers: dict[int, int]) -> dict[str, Any]:
    """What templates show of a certificate. `strangers` are those with an unusual root, see `keys.trust_anchors`."""
    shown: dict[str, Any] = {
        "certificate": certificate,
        "subject": distinguished_name(certificate.subject),
        "created": stamp(certificate.created_at),
        "signs": certificate.sealed_with is not None,
        "is_stranger": certificate.pk in strangers and certificate.sealed_with is not None,
    }
    if certificate.is_pending:
        return shown
    return shown | {
        "issuer": distinguished_name(certificate.issuer),
        "not_before": stamp(certificate.not_before),
        "expires": stamp(certificate.not_after),
        "badge": expiry(certificate.not_after, now),
        "serial": colons(certificate.serial),
        "fingerprint": colons(certificate.fingerprint),
        "tried": stamp(certificate.tried_at) if certificate.tried_at else None,
    }
