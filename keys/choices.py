"""What the forms of a key offer to choose from: signing certificates that can sign, and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value
from django.utils import timezone

from keys.models import ServiceEdgeGroup, SigningCertificate
from keys.names import sort_name

DEFAULT_CERTIFICATE = "Service Edge"
LARGEST_ID = 2**63 - 1


def signing_certificates(kept_id: int | None = None) -> QuerySet[SigningCertificate]:
    """Certificates that can sign: with a private key, enabled, not expired; and the one a key has already."""
    can_sign = Q(sealed_private_key__isnull=False, enabled=True, not_after__gt=timezone.now())
    return (
        SigningCertificate.objects.complete()
        .filter(can_sign | Q(pk=kept_id))
        .only("name", "not_after")
        .order_by("sort_name")
    )


def default_certificate_id() -> int | None:
    """The certificate a new key starts with."""
    return signing_certificates().filter(sort_name=sort_name(DEFAULT_CERTIFICATE)).values_list("pk", flat=True).first()


def find_group(wanted: str) -> ServiceEdgeGroup | None:
    """The group with this id, else the one with exactly this name, whatever its case."""
    if is_id(wanted):
        by_id = ServiceEdgeGroup.objects.filter(pk=int(wanted)).first()
        if by_id is not None:
            return by_id
    return ServiceEdgeGroup.objects.filter(sort_name=sort_name(wanted)).first()


def first_groups(count: int) -> list[ServiceEdgeGroup]:
    """The first groups by name; there may be thousands."""
    return list(ServiceEdgeGroup.objects.only("name", "location").order_by("sort_name")[:count])


SUGGESTED = 50
_GROUP, _CERTIFICATE = "group", "certificate"


@dataclass(frozen=True, slots=True)
class Offer:
    """A group or a certificate as the filters offer it."""

    id: int
    name: str
    sort_name: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What the filters can choose from: the first groups and certificates by name, and those that are chosen."""

    groups: Sequence[Offer]
    certificates: Sequence[Offer]

    @classmethod
    def load(cls, groups: Sequence[str], certificate: str) -> Offers:
        """Read everything in one statement, whatever is chosen."""
        wanted = Q(pk__in=[int(text) for text in groups if is_id(text)]) | Q(
            sort_name__in=[sort_name(text) for text in groups if "\0" not in text]
        )
        by_id = Q(pk=int(certificate)) if is_id(certificate) else Q(pk__in=[])
        parts = [
            *_offered(ServiceEdgeGroup.objects.all(), _GROUP, wanted, bool(groups)),
            *_offered(SigningCertificate.objects.complete(), _CERTIFICATE, by_id, is_id(certificate)),
        ]
        rows = sorted(parts[0].union(*parts[1:]), key=lambda row: row[3])
        found = {kind: [Offer(*row[1:]) for row in rows if row[0] == kind] for kind in (_GROUP, _CERTIFICATE)}
        return cls(found[_GROUP], found[_CERTIFICATE])

    def group(self, wanted: str) -> Offer | None:
        """The group with this id, else with exactly this name, as `find_group`."""
        by_id = next((each for each in self.groups if is_id(wanted) and each.id == int(wanted)), None)
        return by_id or next((each for each in self.groups if each.sort_name == sort_name(wanted)), None)

    def certificate(self, wanted: str) -> Offer | None:
        """The certificate with this id."""
        return next((each for each in self.certificates if is_id(wanted) and each.id == int(wanted)), None)


def is_id(text: str) -> bool:
    """Whether a text can be the id of a row."""
    return text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= LARGEST_ID


def _offered(records: QuerySet[Any], kind: str, wanted: Q, is_wanted: bool) -> list[QuerySet[Any]]:
    """The first records by name and, in a part of their own so that each uses its index, the wanted ones."""
    first = records.order_by("sort_name").values("pk")[:SUGGESTED]
    parts = [records.filter(pk__in=first), *([records.filter(wanted)] if is_wanted else [])]
    named = Value(kind, output_field=CharField())
    return [part.order_by().annotate(kind=named).values_list("kind", "pk", "name", "sort_name") for part in parts]
