"""Groups in bulk for the page benchmark, without their operations: 1,000 for 10,000 keys, 10,000 for a million."""

from __future__ import annotations

import random

from django.utils import timezone

from keys.management.commands.seed_keys import CITIES, CREATED_BY
from keys.models import ServiceEdgeGroup
from portal.sort_names import sort_name

_COUNTRIES = ("DE", "FR", "US", "JP", "BR", "IN", "GB", "CA", "AU", "PL")


def add(keys: int) -> None:
    """Add the groups of so many keys."""
    chance, now = random.Random(2), timezone.now()
    groups = [_group(number, chance) for number in range(round(10 * keys**0.5))]
    for number, group in enumerate(groups):
        # A twentieth stays without keys and edges.
        group.created_by = group.modified_by = CREATED_BY if number % 20 else "bench"
        group.created_at = group.modified_at = now
    ServiceEdgeGroup.objects.bulk_create(groups, batch_size=500)


def _group(number: int, chance: random.Random) -> ServiceEdgeGroup:
    city = CITIES[number % len(CITIES)]
    name = f"{city} {number // len(CITIES) + 1:03}"
    return ServiceEdgeGroup(
        name=name,
        sort_name=sort_name(name),
        enabled=chance.random() < 0.97,
        city=city,
        location=f"{city}, building {number // len(CITIES) + 1}",
        country_code=chance.choice(_COUNTRIES),
        latitude=round(chance.uniform(-55, 65), 3),
        longitude=round(chance.uniform(-170, 170), 3),
        version_profile=chance.choice(["0", "0", "0", "1", "2"]),
        upgrade_day=chance.choice(ServiceEdgeGroup.Day.values),
        upgrade_seconds=chance.randrange(96) * 900,
    )
