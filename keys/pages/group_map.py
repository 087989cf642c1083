"""The map of groups: its dots, each with how many of its edges are connected. `keys/_group_map.html` draws it."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import FloatField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone

from keys.models import ServiceEdgeGroup
from keys.pages.group_rows import MOST_EDGES, EdgeCounts, edge_words
from portal import record_addresses, world_map
from portal.tones import Tone
from portal.world_map import Point, View

MOST_GROUPS = 10_000
# How many edges are read for a map, at most so many of each group and at least ten: the counts of larger groups are not
# exact.
_MOST_EDGES = 100_000
# Maps of more groups or edges are read at most once in so many seconds, others for each request. As with segments.
SECONDS, SHORT = 5, 1_000
_known: list[tuple[float, GroupMap]] = []
# The words of the tones, as the legend explains them.
LEGEND = {
    # The others are disabled, revoked or were never connected.
    Tone.OK: "Connected",
    Tone.WARNING: "Some disconnected",
    Tone.DANGER: "None connected",
    Tone.OFF: "No edge reports",
}


class _Place(NamedTuple):
    """A group with coordinates."""

    id: int
    name: str
    location: str
    latitude: float
    longitude: float
    edges: EdgeCounts


@dataclass(frozen=True, slots=True)
class MapDot:
    """One group, or several that are close to each other. `size` is 1 to 4; `link` leads to the group, or to all."""

    point: Point
    name: str
    location: str
    groups: int
    edges: EdgeCounts
    size: int
    link: str

    @property
    def number(self) -> str:
        """How many groups it stands for, as it fits into a dot; empty for one."""
        if self.groups == 1:
            return ""
        return str(self.groups) if self.groups < 1_000 else f"{self.groups // 1_000}k"

    @property
    def tone(self) -> Tone:
        return self.edges.tone


@dataclass(frozen=True, slots=True)
class GroupMap:
    """The part of the world that is shown, and the dots, those with most edges first."""

    view: View
    dots: Sequence[MapDot]
    legend: dict[Tone, str]

    @property
    def digit(self) -> int:
        """The height of a number in a dot, in units of the drawing: 11 px where the map has 900."""
        return round(self.view.width * 11 / 900)


def group_map(groups: int = MOST_GROUPS) -> GroupMap:
    """The map of the groups that have coordinates, of the first 10,000; one query. `groups` is how many there are."""
    if _known and monotonic() < _known[0][0]:
        return _known[0][1]
    places = _places(min(max(_MOST_EDGES // max(groups, 1), 10), MOST_EDGES))
    view = world_map.view_of([world_map.project(each.latitude, each.longitude) for each in places])
    dots = (_described(dot) for dot in world_map.gather(places, view))
    drawn = GroupMap(view, sorted(dots, key=lambda dot: dot.edges.total, reverse=True), LEGEND)
    is_long = len(places) > SHORT or sum(each.edges.total for each in places) > SHORT
    _known[:] = [(monotonic() + SECONDS, drawn)] if is_long else []
    return drawn


def _places(most: int) -> list[_Place]:
    """The groups of a map, of each of which so many edges and one are read."""
    found = ServiceEdgeGroup.objects.filter(latitude__isnull=False).order_by("pk")[:MOST_GROUPS]
    degrees = {f"degrees_{name}": Cast(name, FloatField()) for name in ("latitude", "longitude")}
    rows = found.annotate(**degrees, edge_words=edge_words(timezone.now(), most))
    return [
        _Place(pk, name, location, latitude, longitude, EdgeCounts.of(counted, most))
        for pk, name, location, latitude, longitude, counted in rows.values_list(
            "pk", "name", "location", *degrees, "edge_words"
        )
    ]


def _described(dot: world_map.Dot) -> MapDot:
    places: list[_Place] = sorted(dot.places, key=lambda each: (-each.edges.total, each.name))
    first, others = places[0], len(places) - 1
    edges = functools.reduce(operator.add, (each.edges for each in places))
    area = urlencode({"area": world_map.write_areas(dot.areas)}, safe=",;")
    return MapDot(
        point=Point(round(dot.point.x), round(dot.point.y)),
        name=f"{len(places):,} groups near {first.name}" if others else first.name,
        location=_shared(each.location for each in places),
        groups=len(places),
        edges=edges,
        size=min(len(str(edges.total)), 4),
        link=f"{reverse('keys:group-list')}?{area}" if others else record_addresses.of("keys:group-detail", first.id),
    )


def _shared(texts: Iterable[str]) -> str:
    """The text that all have; empty when they differ."""
    found = set(texts)
    return found.pop() if len(found) == 1 else ""
