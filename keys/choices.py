"""What the forms of a key offer to choose from: signing certificates that can sign, and groups."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from keys.models import ServiceEdgeGroup, SigningCertificate
from keys.names import sort_name

DEFAULT_CERTIFICATE = "Service Edge"
_LARGEST_ID = 2**63 - 1


def signing_certificates(kept_id: int | None = None) -> QuerySet[SigningCertificate]:
    """Certificates that can sign: with a private key, enabled, not expired; and the one a key has already."""
    can_sign = Q(sealed_private_key__isnull=False, enabled=True, not_after__gt=timezone.now())
    return SigningCertificate.objects.filter(can_sign | Q(pk=kept_id)).only("name", "not_after").order_by("sort_name")


def default_certificate_id() -> int | None:
    """The certificate a new key starts with."""
    return signing_certificates().filter(sort_name=sort_name(DEFAULT_CERTIFICATE)).values_list("pk", flat=True).first()


def find_group(wanted: str) -> ServiceEdgeGroup | None:
    """The group with this id, else the one with exactly this name, whatever its case."""
    if wanted.isascii() and wanted.isdecimal() and int(wanted) <= _LARGEST_ID:
        by_id = ServiceEdgeGroup.objects.filter(pk=int(wanted)).first()
        if by_id is not None:
            return by_id
    return ServiceEdgeGroup.objects.filter(sort_name=sort_name(wanted)).first()


def first_groups(count: int) -> list[ServiceEdgeGroup]:
    """The first groups by name; there may be thousands."""
    return list(ServiceEdgeGroup.objects.only("name", "location").order_by("sort_name")[:count])
