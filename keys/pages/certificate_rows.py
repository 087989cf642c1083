"""View data of one signing certificate, for the list and its own page."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any, NamedTuple

from keys.models import SigningCertificate
from keys.pages.expiry_badge import expiry
from keys.pages.key_rows import HasPermissions
from keys.pages.presentation import colons, distinguished_name, stamp


class CertificateMay(NamedTuple):
    """What a user may do with signing certificates. Asked once per page, not once per row."""

    add: bool
    change: bool
    delete: bool
    view_keys: bool
    change_keys: bool

    @classmethod
    def of(cls, user: HasPermissions) -> CertificateMay:
        return cls(
            add=user.has_perm("keys.add_signingcertificate"),
            change=user.has_perm("keys.change_signingcertificate"),
            delete=user.has_perm("keys.delete_signingcertificate"),
            view_keys=user.has_perm("keys.view_provisioningkey"),
            change_keys=user.has_perm("keys.change_provisioningkey"),
        )


def described(certificate: SigningCertificate, now: datetime, different: Container[int]) -> dict[str, Any]:
    """The context of one certificate. `different` holds the ids of those with a different root than most."""
    shown: dict[str, Any] = {
        "certificate": certificate,
        "subject": distinguished_name(certificate.subject),
        "created": stamp(certificate.created_at),
        "signs": certificate.sealed_with is not None,
        "has_different_root": certificate.pk in different and certificate.sealed_with is not None,
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
