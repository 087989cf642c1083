"""What the forms of a key offer to choose from: signing certificates that can sign, and groups."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString

from keys.models import ServiceEdgeGroup, SigningCertificate
from keys.names import LONGEST_NAME, sort_name

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


def groups_containing(text: str) -> list[ServiceEdgeGroup]:
    """The first groups by name that hold this text in it."""
    wanted = sort_name(text.strip())
    if not wanted or "\0" in wanted or len(wanted) > LONGEST_NAME:
        return []
    found = ServiceEdgeGroup.objects.only("name").filter(sort_name__contains=wanted)
    return list(found.order_by("sort_name")[:SUGGESTED])


SUGGESTED = 50
_GROUP, _CERTIFICATE = "group", "certificate"
# A pending certificate has signed nothing and no key has it.
_TABLES = {
    _GROUP: ServiceEdgeGroup._meta.db_table,
    _CERTIFICATE: f"(SELECT * FROM {SigningCertificate._meta.db_table} WHERE not_after IS NOT NULL) complete",  # noqa: S608  # names from this file
}


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
        group_ids = [int(text) for text in groups if is_id(text)]
        group_names = [sort_name(text) for text in groups if "\0" not in text]
        wanted: list[tuple[str, str, Sequence[Any]]] = [
            (_GROUP, "id", group_ids),
            (_GROUP, "sort_name", group_names),
            (_CERTIFICATE, "id", [int(certificate)] if is_id(certificate) else []),
        ]
        parts = [_first(_GROUP), _first(_CERTIFICATE), *(_wanted(*each) for each in wanted if each[-1])]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ".join(parts), [value for *_, values in wanted for value in values])
            rows = sorted(cursor.fetchall(), key=lambda row: row[3])
        found = {kind: [Offer(*row[1:]) for row in rows if row[0] == kind] for kind in _TABLES}
        return cls(found[_GROUP], found[_CERTIFICATE])

    @property
    def group_options(self) -> SafeString:
        """The groups as a form suggests them. A name of digits would be read as an id, so there the id stands."""
        return SafeString("".join(_option(group) for group in self.groups))

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


def _option(group: Offer) -> str:
    name = html.escape(group.name)
    return f'<option value="{group.id}" label="{name}">' if group.name.isdecimal() else f'<option value="{name}">'


# The ORM takes longer to put this statement together than the database to answer it.
def _first(kind: str) -> str:
    """The first records by name, of which an index has the order."""
    return f"SELECT * FROM ({_selected(kind)} ORDER BY sort_name LIMIT {SUGGESTED}) first_{kind}"  # noqa: S608  # names from this file


def _wanted(kind: str, column: str, values: Sequence[Any]) -> str:
    """Some records, in a part of their own so that it uses an index too; their values are parameters."""
    return f"{_selected(kind)} WHERE {column} IN ({', '.join(['%s'] * len(values))})"


def _selected(kind: str) -> str:
    return f"SELECT '{kind}' AS kind, id, name, sort_name FROM {_TABLES[kind]}"  # noqa: S608  # names from this file
