"""Edges in bulk for the page benchmark, without their operations: a tenth as many as keys."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from enrollment.models import IssuedCertificate, ServiceEdge
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import editing
from portal import actors, audit

_AT_ONCE = 500


def add(count: int) -> dict[str, str]:
    """Add so many edges of unused keys; returns what a search of the keys page may be for, by its kind."""
    chance, now = random.Random(1), timezone.now()
    keys = list(ProvisioningKey.objects.filter(uses=0).order_by("pk")[:2000])
    issuer = SigningCertificate.objects.get(name="Service Edge")
    for first in range(0, count, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, count))
        edges = [_edge(keys[number % len(keys)], number + 1, now, chance) for number in numbers]
        ServiceEdge.objects.bulk_create(edges)
        IssuedCertificate.objects.bulk_create(_certificate(edge, issuer, now, chance) for edge in edges)
    searched = keys[-1]
    with_request = replace(actors.for_command("bench"), request_id="bench-request-1")
    audit.record(audit.Action.KEY_EDITED, with_request, editing.subject(searched))
    return {"tail": searched.token_tail, "edge": edges[-1].name, "request": with_request.request_id}


def _edge(key: ProvisioningKey, number: int, now: datetime, chance: random.Random) -> ServiceEdge:
    # A fifth never connected, a third is connected, the others were within a month.
    contact = chance.choice([None, now, now, *(now - timedelta(hours=chance.randint(1, 700)) for _ in range(3))])
    return ServiceEdge(
        uuid=uuid.UUID(int=chance.getrandbits(128), version=4),
        name=f"{key.name}-{number}",
        sort_name=f"{key.sort_name}-{number}",
        group_id=key.group_id,
        key_public_id=key.public_id,
        key_name=key.name,
        key_sort_name=key.sort_name,
        use_number=number,
        enrolled_at=now,
        last_contact_at=contact,
        certificate_until=now + timedelta(days=90),
    )


def _certificate(
    edge: ServiceEdge, issuer: SigningCertificate, now: datetime, chance: random.Random
) -> IssuedCertificate:
    return IssuedCertificate(
        edge=edge,
        issuer=issuer,
        serial=f"{chance.getrandbits(128):x}",
        spki_sha256=f"{chance.getrandbits(256):064x}",
        fingerprint=f"{chance.getrandbits(256):064x}",
        der=b"",
        not_before=now,
        not_after=now + timedelta(days=90),
        issued_at=now,
    )
