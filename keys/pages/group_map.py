"""The map of groups: its dots, each with how many of its edges are connected. `keys/_group_map.html` draws it.

Of many groups the database gathers those that are close to each other, and their edges are not read: a dot of fifty
groups nearly always has an edge that is disconnected.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, FloatField, IntegerField, Max, Min, QuerySet
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone

from keys.models import ServiceEdgeGroup
from keys.models.service_edge_group import place_of
from keys.pages.group_rows import MOST_EDGES, EdgeCounts, edge_words
from portal import record_addresses, world_map
from portal.lists.counting import words
from portal.tones import Tone
from portal.world_map import Area, Point, View

# The edges of so many groups are read. Of more, a filter of the groups page finds those with disconnected edges.
MOST_GROUPS = 1_000
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
    # None where they are not read.
    edges: EdgeCounts | None
    size: int
    link: str

    @property
    def label(self) -> str:
        """What it stands for, in words: "Berlin, Hall 3: 1 of 4 edges connected"."""
        place = f"{self.name}, {self.location}" if self.location else self.name
        return f"{place}: {self.edges.words}" if self.edges else place

    @property
    def counted(self) -> int:
        """How many edges or, where they are not read, groups."""
        return self.edges.total if self.edges else self.groups

    @property
    def number(self) -> str:
        """How many groups it stands for, as it fits into a dot; empty for one."""
        if self.groups == 1:
            return ""
        return str(self.groups) if self.groups < 1_000 else f"{self.groups // 1_000}k"

    @property
    def tone(self) -> Tone | str:
        """That of its edges; "places" where they are not read."""
        return self.edges.tone if self.edges else "places"


@dataclass(frozen=True, slots=True)
class GroupMap:
    """The part of the world that is shown, and the dots, those with most edges first.

    Without a legend edges are not read, and those with most groups are first.
    """

    view: View
    dots: Sequence[MapDot]
    legend: dict[Tone, str]
    most: int = MOST_GROUPS

    @property
    def digit(self) -> int:
        """The height of a number in a dot, in units of the drawing: 11 px where the map has 900."""
        return round(self.view.width * 11 / 900)


def group_map(groups: int) -> GroupMap:
    """The map of the groups that have coordinates; `groups` is how many there are. One query, or two of many groups."""
    if _known and monotonic() < _known[0][0]:
        return _known[0][1]
    if groups > MOST_GROUPS:
        drawn = _gathered()
    else:
        places = _places(min(max(_MOST_EDGES // max(groups, 1), 10), MOST_EDGES))
        view = world_map.view_of([world_map.project(each.latitude, each.longitude) for each in places])
        dots = (_described(dot) for dot in world_map.gather(places, view))
        drawn = GroupMap(view, sorted(dots, key=lambda dot: dot.counted, reverse=True), LEGEND)
    is_long = sum(dot.counted for dot in drawn.dots) > SHORT
    _known[:] = [(monotonic() + SECONDS, drawn)] if is_long else []
    return drawn


def _gathered() -> GroupMap:
    """The map of many groups: each dot has how many groups it stands for."""
    placed = ServiceEdgeGroup.objects.filter(latitude__isnull=False).order_by()
    latitude, longitude = (Cast(name, FloatField()) for name in ("latitude", "longitude"))
    ends = {"south": Min(latitude), "west": Min(longitude), "north": Max(latitude), "east": Max(longitude)}
    whole = Area(**placed.aggregate(**ends))
    if whole.south is None:
        return GroupMap(world_map.view_of([]), [], {})
    view = world_map.view_of([world_map.project(whole.south, whole.west), world_map.project(whole.north, whole.east)])
    cells = world_map.cells_of(view)
    rows: QuerySet[Any, Any] = placed.values(
        column=Cast((longitude - cells.west) / cells.width, IntegerField()),
        row=Cast((cells.north - latitude) / cells.height, IntegerField()),
    ).annotate(
        groups=Count("pk"), first_id=Min("pk"), name=Min("name"), first=Min("location"), last=Max("location"), **ends
    )
    found = [
        (Area(each["south"], each["west"], each["north"], each["east"]), each)
        for each in rows.order_by("-groups", "first_id")
    ]
    dots = [_counted(dot) for dot in world_map.join(found, view)]
    return GroupMap(view, sorted(dots, key=lambda dot: dot.counted, reverse=True), {})


def _places(most: int) -> list[_Place]:
    """The groups of a map, of each of which so many edges and one are read."""
    found = ServiceEdgeGroup.objects.filter(latitude__isnull=False).order_by("pk")[:MOST_GROUPS]
    degrees = {f"degrees_{name}": Cast(name, FloatField()) for name in ("latitude", "longitude")}
    rows = found.annotate(**degrees, edge_words=edge_words(timezone.now(), most))
    columns = rows.values_list("pk", "name", "location", "city", "country_code", *degrees, "edge_words")
    return [
        _Place(
            pk,
            name,
            place_of(location, city, country),
            latitude,
            longitude,
            EdgeCounts.of(counted, most),
        )
        for pk, name, location, city, country, latitude, longitude, counted in columns
    ]


def _described(dot: world_map.Dot) -> MapDot:
    places: list[_Place] = sorted(dot.places, key=lambda each: (-each.edges.total, each.name))
    edges = functools.reduce(operator.add, (each.edges for each in places))
    return _dot(dot, len(places), places[0].id, places[0].name, {each.location for each in places}, edges)


def _counted(dot: world_map.Dot) -> MapDot:
    """A dot whose places are rows of `_gathered`, the one with most groups first."""
    first, groups = dot.places[0], sum(each["groups"] for each in dot.places)
    locations = {each[end] for each in dot.places for end in ("first", "last")}
    return _dot(dot, groups, first["first_id"], first["name"], locations)


def _dot(
    dot: world_map.Dot, groups: int, pk: int, name: str, locations: set[str], edges: EdgeCounts | None = None
) -> MapDot:
    area = urlencode({"area": world_map.write_areas(dot.areas)}, safe=",;")
    return MapDot(
        point=Point(round(dot.point.x), round(dot.point.y)),
        name=f"{words(groups)} groups near {name}" if groups > 1 else name,
        location=locations.pop() if len(locations) == 1 else "",
        groups=groups,
        edges=edges,
        size=min(len(str(edges.total)), 4) if edges else 1,
        link=f"{reverse('keys:group-list')}?{area}" if groups > 1 else record_addresses.of("keys:group-detail", pk),
    )
