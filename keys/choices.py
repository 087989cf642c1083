"""What the forms of a key offer: signing certificates that can sign, and groups."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Q, QuerySet
from django.utils import timezone

from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.models.record import Record
from keys.names import LONGEST_NAME, clean_name
from portal.first_names import first_names
from portal.lists.counting import RowCount
from portal.numbers import counted
from portal.row_ids import row_id
from portal.sort_names import sort_name

R = TypeVar("R", bound=Record)
DEFAULT_CERTIFICATE = "Service Edge"
SUGGESTED = 50
# A form shows fifty groups, and counts no further than people compare.
_MOST_KEYS = 100


def signing_certificates(kept_id: int | None = None) -> QuerySet[SigningCertificate]:
    """Certificates that can sign (with a private key, enabled, in force), and the one with the id `kept_id`."""
    certificates = SigningCertificate.objects
    offered = certificates.able_to_sign(timezone.now()) | certificates.complete().filter(Q(pk=kept_id))
    return offered.only("name", "not_after", "trust_anchor_sha256").order_by("sort_name")


def default_certificate_id() -> int | None:
    """The certificate that is chosen for a new key."""
    return signing_certificates().filter(sort_name=sort_name(DEFAULT_CERTIFICATE)).values_list("pk", flat=True).first()


def named(records: QuerySet[R], name: str) -> R | None:
    """The record with this name in any case; None also for what no record can be named."""
    try:
        return records.filter(sort_name=sort_name(clean_name(name))).first()
    except ValidationError:
        return None


def find_group(wanted: str) -> ServiceEdgeGroup | None:
    """The group with this id, else the one with this name in any case."""
    number = row_id(wanted)
    by_id = ServiceEdgeGroup.objects.filter(pk=number).first() if number is not None else None
    return by_id or named(ServiceEdgeGroup.objects.all(), wanted)


class Suggestion(NamedTuple):
    """What a form shows of a group. `keys` are how many it has in words: "3 keys", "100+ keys"."""

    pk: int
    name: str
    location: str
    keys: str


def first_groups(count: int) -> tuple[Suggestion, ...]:
    """The first `count` groups by name."""
    return _suggested(ServiceEdgeGroup.objects.order_by("sort_name")[:count])


def suggested_groups(text: str) -> tuple[Suggestion, ...]:
    """The groups of `groups_containing`."""
    found = [each.pk for each in groups_containing(text)]
    return _suggested(ServiceEdgeGroup.objects.filter(pk__in=found).order_by("sort_name"))


def _suggested(groups: QuerySet[ServiceEdgeGroup]) -> tuple[Suggestion, ...]:
    keys = RowCount(ProvisioningKey.objects.filter(group=OuterRef("pk")).order_by().values("pk")[: _MOST_KEYS + 1])
    return tuple(
        Suggestion(pk, name, location, f"{_MOST_KEYS}+ keys" if number > _MOST_KEYS else counted(number, "key"))
        for pk, name, location, number in groups.values_list("pk", "name", "location", keys)
    )


def groups_containing(text: str) -> list[ServiceEdgeGroup]:
    """The first groups by name, of those whose name contains this text."""
    return _containing(ServiceEdgeGroup.objects.only("name", "sort_name", "location"), text)


def keys_containing(text: str) -> list[ProvisioningKey]:
    """The first keys by name, of those whose name contains this text."""
    return _containing(ProvisioningKey.objects.only("name", "sort_name"), text)


def _containing(records: QuerySet[R], text: str) -> list[R]:
    """On SQLite, of very many names only the first ones are read; beyond these the names that begin with the text."""
    wanted = sort_name(text.strip())
    if not wanted or "\0" in wanted or len(wanted) > LONGEST_NAME:
        return []
    containing = first_names(records.model, Q(sort_name__contains=wanted), text)
    # No character sorts after the last.
    beginning = Q(sort_name__gte=wanted, sort_name__lt=f"{wanted}\U0010ffff")
    # Each on its own, so that each reads its range of the index.
    parts = [records.filter(each).order_by("sort_name")[:SUGGESTED] for each in (containing, beginning)]
    found = {each.pk: each for part in parts for each in part}
    return sorted(found.values(), key=lambda each: each.sort_name)[:SUGGESTED]
