"""Groups with keys and edges for the tests of their pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from enrollment.models import ServiceEdge
from keys.models import ProvisioningKey
from tests.base import PortalTestCase
from tests.support.html import texts

GROUPS = "/service-edge-groups/"
NEVER = None
LATELY, LONG_AGO = timedelta(seconds=5), timedelta(hours=2)
# What a form sends that leaves a group as it is by default.
DEFAULTS = {
    "enabled": "on",
    "upgrade_day": "SUNDAY",
    "upgrade_seconds": "66600",
    "version_profile": "0",
    "is_public": "FALSE",
    "grace_distance_unit": "MILES",
}


def make_edges(key: ProvisioningKey, *contacts: timedelta | None, **fields: Any) -> None:
    """Edges of a key, each with how long ago its last contact was; without certificates."""
    now, first = datetime.now(UTC), ServiceEdge.objects.filter(key_public_id=key.public_id).count() + 1
    ServiceEdge.objects.bulk_create(
        ServiceEdge(
            name=f"{key.name}-{number}",
            sort_name=f"{key.name}-{number}".casefold(),
            group_id=key.group_id,
            key_public_id=key.public_id,
            key_name=key.name,
            use_number=number,
            enrolled_at=now,
            last_contact_at=now - ago if ago is not None else None,
            **fields,
        )
        for number, ago in enumerate(contacts, first)
    )


def listed(response: Any) -> list[str]:
    """The names in the list, from top to bottom."""
    return texts(response, "tbody.record th > a")


class GroupPageTestCase(PortalTestCase):
    """Signed in as the operator Olga."""

    def setUp(self) -> None:
        self.sign_in("olga")
