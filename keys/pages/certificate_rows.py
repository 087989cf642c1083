"""View data of one signing certificate, for the list and its own page."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse

from keys import machines
from keys.models import SigningCertificate
from keys.pages.certificate_state import state_of
from keys.pages.expiry_badge import expiry, time_left
from keys.pages.key_rows import HasPermissions
from keys.pages.presentation import attributes, colons
from portal.times import stamp


class CertificateMay(NamedTuple):
    """What a user may do with signing certificates. Asked once per page, not once per row."""

    add: bool
    change: bool
    delete: bool
    view_keys: bool
    change_keys: bool
    # The address of the list of edges below an issuer, whose id is appended; empty for who may not view edges.
    edges_below: str

    @classmethod
    def of(cls, user: HasPermissions) -> CertificateMay:
        return cls(
            add=user.has_perm("keys.add_signingcertificate"),
            change=user.has_perm("keys.change_signingcertificate"),
            delete=user.has_perm("keys.delete_signingcertificate"),
            view_keys=user.has_perm("keys.view_provisioningkey"),
            change_keys=user.has_perm("keys.change_provisioningkey"),
            edges_below=machines.answers().edges_below(user),
        )


def use_links(certificate: SigningCertificate, may: CertificateMay, key_count: int, edge_count: int) -> dict[str, Any]:
    """How many keys and edges use a certificate, each with the address of a list of them; empty if not allowed."""
    keys_url = f"{reverse('keys:key-list')}?cert={certificate.pk}" if may.view_keys else ""
    edges_url = f"{may.edges_below}{certificate.pk}" if may.edges_below else ""
    return {"key_count": key_count, "keys_url": keys_url, "edge_count": edge_count, "edges_url": edges_url}


def described(certificate: SigningCertificate, now: datetime, different: Container[int]) -> dict[str, Any]:
    """The context of one certificate. `different` holds the ids of those with a different root than most."""
    shown: dict[str, Any] = {
        "certificate": certificate,
        "state": state_of(certificate, now),
        "subject": attributes(certificate.subject),
        "created": stamp(certificate.created_at),
        "signs": certificate.sealed_with is not None,
        "has_different_root": certificate.pk in different and certificate.sealed_with is not None,
    }
    if certificate.is_pending:
        return shown
    return shown | {
        "issuer": attributes(certificate.issuer),
        "not_before": stamp(certificate.not_before),
        "expires": stamp(certificate.not_after),
        "time_left": time_left(certificate.not_after, now),
        "badge": expiry(certificate.not_after, now),
        "serial": colons(certificate.serial),
        "fingerprint": colons(certificate.fingerprint),
        "tried": stamp(certificate.tried_at) if certificate.tried_at else None,
    }
