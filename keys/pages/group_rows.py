"""What pages read of groups: the fields in words, how many keys a group has, and how its edges are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, QuerySet
from django.utils import timezone

from keys import machines
from keys.machines import CONNECTED, DISCONNECTED
from keys.models import ProvisioningKey, ServiceEdgeGroup
from keys.models.service_edge_group import place_of
from keys.pages.key_rows import HasPermissions, May
from keys.update_schedule import time_of_day
from portal.lists.counting import IN_A_ROW, RowCount, Tally
from portal.tones import Tone

# The page of a group reads as many as other counts.
MOST_EDGES = IN_A_ROW


class GroupMay(NamedTuple):
    """What a user may do with groups and what belongs to them. Asked once per page, not once per row."""

    add: bool
    change: bool
    delete: bool
    keys: May
    view_keys: bool
    # The address of the list of edges in a group, whose id is appended; empty for who may not view edges.
    edges_in_group: str

    @classmethod
    def of(cls, user: HasPermissions) -> GroupMay:
        return cls(
            add=user.has_perm("keys.add_serviceedgegroup"),
            change=user.has_perm("keys.change_serviceedgegroup"),
            delete=user.has_perm("keys.delete_serviceedgegroup"),
            keys=May.of(user),
            view_keys=user.has_perm("keys.view_provisioningkey"),
            edges_in_group=machines.answers().edges_in_group(user),
        )


class EdgeCounts(NamedTuple):
    """How many edges a group has. `is_capped`: it has more than `total`, and how these are is not known."""

    total: int
    connected: int
    disconnected: int
    is_capped: bool

    @classmethod
    def of(cls, by_word: Mapping[str, int] | None, most: int) -> EdgeCounts:
        """The counts by the words of `keys.machines`, for which the first `most` edges and one were read."""
        counted = by_word or {}
        total = sum(counted.values())
        return cls(min(total, most), counted.get(CONNECTED, 0), counted.get(DISCONNECTED, 0), total > most)

    def __add__(self, other: Any) -> EdgeCounts:
        """The counts of both."""
        return EdgeCounts(
            self.total + other.total,
            self.connected + other.connected,
            self.disconnected + other.disconnected,
            self.is_capped or other.is_capped,
        )

    @property
    def number(self) -> str:
        """How many: "5 edges", "1,000+ edges"."""
        return f"{self.total:,}{'+' if self.is_capped else ''} {'edge' if self.total == 1 else 'edges'}"

    @property
    def words(self) -> str:
        """The counts as a part of a sentence: "3 of 5 edges connected, 1 disconnected"."""
        if not self.total:
            return "no edges"
        if self.is_capped:
            return self.number
        lost = f", {self.disconnected:,} disconnected" if self.disconnected else ""
        return f"{self.connected:,} of {self.number} connected{lost}"

    @property
    def tone(self) -> Tone:
        """Edges without heartbeats may work: only those that are disconnected need care.

        Of those that were not read nothing is known but that there are some.
        """
        if self.disconnected:
            return Tone.WARNING if self.connected or self.is_capped else Tone.DANGER
        return Tone.OK if self.connected and not self.is_capped else Tone.OFF


def facts(group: ServiceEdgeGroup) -> list[tuple[str, str]]:
    """The other fields of a group in words, each under the name of the model's field; empty for what is not set."""
    distance = (
        f"{group.grace_distance.normalize():f} {group.get_grace_distance_unit_display()}"
        if group.grace_distance
        else ""
    )
    values = {
        "city": place_of("", group.city, group.country_code),
        "latitude": coordinates(group),
        "version_profile": group.get_version_profile_display(),
        "override_version_profile": _on_off(group.override_version_profile),
        "upgrade_day": f"{group.get_upgrade_day_display()}, {time_of_day(group.upgrade_seconds)} UTC",
        "is_public": group.get_is_public_display(),
        "trusted_networks": ", ".join(group.trusted_networks),
        "alternative_cloud": group.alternative_cloud,
        "private_cloud": group.private_cloud,
        "exclusive_for_business_continuity": _on_off(group.exclusive_for_business_continuity),
        "use_in_dr_mode": _on_off(group.use_in_dr_mode),
        "grace_distance_enabled": distance if group.grace_distance_enabled else "Off",
    }
    labels = {"city": "City and country", "latitude": "Coordinates", "upgrade_day": "Software update"}
    return [(labels.get(name) or _label(name), value) for name, value in values.items()]


def coordinates(group: ServiceEdgeGroup) -> str:
    """Latitude and longitude as people write them: "52.520008, 13.404954"."""
    if group.latitude is None or group.longitude is None:
        return ""
    return f"{group.latitude.normalize():f}, {group.longitude.normalize():f}"


def _label(name: str) -> str:
    label = str(ServiceEdgeGroup._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # never a relation
    return label[:1].upper() + label[1:]


def _on_off(value: bool) -> str:
    return "On" if value else "Off"


def edge_words(now: datetime, most: int) -> Tally:
    """How many edges a group has by the word of their state; at most so many and one are read."""
    edges = machines.answers().edges_of_groups(now).filter(group=OuterRef("pk")).order_by()
    return Tally(edges.values(value=F("word"))[: most + 1])


def read(groups: QuerySet[Any], most: int = MOST_EDGES) -> list[Any]:
    """The groups, each with how many keys it has, and its edges as `edge_words`; of both at most so many and one."""
    keys = ProvisioningKey.objects.filter(group=OuterRef("pk"))
    counts = {"key_count": RowCount(keys.order_by().values("pk"), most), "edge_words": edge_words(timezone.now(), most)}
    return list(groups.annotate(**counts))
