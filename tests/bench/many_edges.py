"""Edges and their certificates in bulk for the page benchmark, without their operations: as many as keys."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Max, Min
from django.utils import timezone

from enrollment.models import BEFORE_ALL, IssuedCertificate, ServiceEdge
from keys.models import ProvisioningKey
from portal.bulk_insert import bulk_insert

_EDGE = (
    "uuid", "name", "sort_name", "description", "enabled", "group_id", "key_public_id", "key_name", "key_sort_name",
    "use_number", "enrolled_at", "enrolled_from", "deleted_at", "last_contact_at", "version", "certificate_until",
    "revoked_from",
)  # fmt: skip
_CERTIFICATE = (
    "edge_id", "issuer_id", "serial", "spki_sha256", "fingerprint", "der", "not_before", "not_after", "issued_at",
    "revoked_at", "revocation_reason",
)  # fmt: skip
_VALIDITY = timedelta(days=90)
_VERSIONS = ("", "25.1.2", "25.1.3", "25.2.0", "26.0.1")


class _Key(NamedTuple):
    pk: int
    public_id: str
    name: str
    sort_name: str
    group_id: int
    signing_certificate_id: int


def add(count: int) -> None:
    """Add so many edges of unused keys."""
    now, found = timezone.now(), ProvisioningKey.objects.filter(uses=0).order_by("pk").values_list(*_Key._fields)
    keys = [_Key(*values) for values in found[: max(count // 4, 1)]]

    def plans() -> Iterator[_Plan]:
        # Made twice, because a million do not fit the memory.
        return (_Plan(now, number, keys[number % len(keys)], random.Random(number)) for number in range(count))

    bulk_insert(ServiceEdge, _EDGE, (each.edge() for each in plans()))
    ids = ServiceEdge.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if ids["last"] - ids["first"] != count - 1:
        raise RuntimeError("the ids of the edges have gaps")
    bulk_insert(IssuedCertificate, _CERTIFICATE, (row for each in plans() for row in each.certificates(ids["first"])))


class _Plan:
    """What becomes of one edge: a third is connected, few are disabled, revoked or deleted, some renewed once."""

    __slots__ = ("chance", "enrolled", "key", "now", "number", "revoked", "until")

    def __init__(self, now: datetime, number: int, key: _Key, chance: random.Random) -> None:
        self.now, self.number, self.key, self.chance = now, number, key, chance
        self.enrolled = now - timedelta(days=chance.uniform(90, 500))
        self.revoked = now - timedelta(days=chance.uniform(0, 60)) if chance.random() < 0.03 else None
        self.until = now + timedelta(days=chance.uniform(-3, 90))

    @property
    def name(self) -> str:
        return f"{self.key.name}-{self.number + 1}"

    @property
    def is_superseded(self) -> bool:
        """Whether an earlier certificate is revoked, and the latest one is not."""
        return self.number % 50 == 0 and not self.revoked

    def edge(self) -> tuple[Any, ...]:
        chance, now, key = self.chance, self.now, self.key
        # A fifth never connected, a third is connected, the others were within a month.
        contact = chance.choice([None, now, now, *(now - timedelta(hours=chance.randint(1, 700)) for _ in range(3))])
        return (
            uuid.UUID(int=chance.getrandbits(128), version=4).hex,
            self.name,
            f"{key.sort_name}-{self.number + 1}",
            "",
            chance.random() > 0.03,
            key.group_id,
            key.public_id,
            key.name,
            key.sort_name,
            self.number + 1,
            self.enrolled,
            None,
            now - timedelta(days=1) if chance.random() < 0.02 else None,
            contact,
            chance.choice(_VERSIONS) if contact else "",
            BEFORE_ALL if self.revoked else self.until,
            BEFORE_ALL if self.revoked else self.until if self.is_superseded else None,
        )

    def certificates(self, first_id: int) -> Iterator[tuple[Any, ...]]:
        """The latest one, and of some edges an earlier one, which some renewals made useless."""
        if self.number % 10 == 0:
            earlier = self.until - _VALIDITY / 3
            superseded = self.revoked or (earlier if self.is_superseded else None)
            yield self._certificate(first_id, earlier, superseded, "superseded")
        yield self._certificate(first_id, self.until, self.revoked, "keyCompromise")

    def _certificate(self, first_id: int, until: datetime, revoked: datetime | None, reason: str) -> tuple[Any, ...]:
        chance, begins = self.chance, until - _VALIDITY
        return (
            first_id + self.number,
            self.key.signing_certificate_id,
            f"{chance.getrandbits(128):x}",
            f"{chance.getrandbits(256):064x}",
            f"{chance.getrandbits(256):064x}",
            b"",
            begins,
            until,
            begins,
            revoked,
            reason if revoked else "",
        )
