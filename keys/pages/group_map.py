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

from django.db.models import Count, FloatField, Min
from django.db.models.functions import Cast
from django.utils import timezone

from keys.models import ServiceEdgeGroup
from keys.models.service_edge_group import place_of
from keys.pages.group_rows import MOST_EDGES, EdgeCounts, edge_words
from portal import record_addresses, world_map
from portal.lists.counting import words
from portal.tones import Tone
from portal.world_map import Point, View

# The edges of so many groups are read. Of more, a filter of the groups page finds those with disconnected edges.
MOST_GROUPS = 1_000
# How many edges are read for a map, at most so many of each group and at least ten: the counts of larger groups are not
# exact.
_MOST_EDGES = 100_000
# Maps of more groups or edges are read at most once in so many seconds, others for each request. As with segments.
SECONDS, SHORT = 5, 1_000
_known: list[tuple[float, GroupMap]] = []
_DEGREES = {f"degrees_{name}": Cast(name, FloatField()) for name in ("latitude", "longitude")}
_COLUMNS = ("pk", "name", "location", "city", "country_code", *_DEGREES)
# The words of the tones, as the legend explains them.
LEGEND = {
    # The others are disabled, revoked or were never connected.
    Tone.OK: "Connected",
    Tone.WARNING: "Some disconnected",
    Tone.DANGER: "None connected",
    Tone.OFF: "No edge reports",
}
OR_NOT_COUNTED = "No edge reports, or not all were counted"


class _Place(NamedTuple):
    """A group with coordinates and its edges, or one that stands for several of which edges are not read."""

    id: int
    name: str
    location: str
    latitude: float
    longitude: float
    groups: int = 1
    edges: EdgeCounts | None = None

    @property
    def counted(self) -> int:
        return self.edges.total if self.edges else self.groups


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
        is_capped = any(each.edges and each.edges.is_capped for each in places)
        legend = LEGEND | {Tone.OFF: OR_NOT_COUNTED} if is_capped else LEGEND
        drawn = GroupMap(view, sorted(dots, key=lambda dot: dot.counted, reverse=True), legend)
    is_long = sum(dot.counted for dot in drawn.dots) > SHORT
    _known[:] = [(monotonic() + SECONDS, drawn)] if is_long else []
    return drawn


def _gathered() -> GroupMap:
    """The map of many groups: each dot has how many groups it stands for, and is drawn where one of them is."""
    placed = ServiceEdgeGroup.objects.filter(map_cell__isnull=False).order_by()
    view, cells = world_map.cells(list(placed.values_list("map_cell").annotate(Count("pk"), Min("pk"))))
    firsts = placed.filter(pk__in=[cell.first for cell in cells]).annotate(**_DEGREES).values_list(*_COLUMNS)
    found = {each.id: each for each in map(_place, firsts)}
    places = [
        (area, found[first] if groups == 1 else found[first]._replace(groups=groups, location=""))
        for area, groups, first in cells
        # It may have been deleted in between.
        if first in found
    ]
    dots = [_described(dot) for dot in world_map.join(places, view)]
    return GroupMap(view, sorted(dots, key=lambda dot: dot.counted, reverse=True), {})


def _places(most: int) -> list[_Place]:
    """The groups of a map, of each of which so many edges and one are read."""
    found = ServiceEdgeGroup.objects.filter(latitude__isnull=False).order_by("pk")[:MOST_GROUPS]
    rows = found.annotate(**_DEGREES, edge_words=edge_words(timezone.now(), most))
    return [
        _place(row)._replace(edges=EdgeCounts.of(counted, most))
        for *row, counted in rows.values_list(*_COLUMNS, "edge_words")
    ]


def _place(row: Sequence[Any]) -> _Place:
    pk, name, location, city, country, latitude, longitude = row
    return _Place(pk, name, place_of(location, city, country), latitude, longitude)


def _described(dot: world_map.Dot) -> MapDot:
    places: list[_Place] = sorted(dot.places, key=lambda each: (-each.counted, each.name))
    groups, first = sum(each.groups for each in places), places[0]
    edges = None if first.edges is None else functools.reduce(operator.add, (each.edges for each in places))
    area = urlencode({"area": world_map.write_areas(dot.areas)}, safe=",;")
    return MapDot(
        point=Point(round(dot.point.x), round(dot.point.y)),
        name=f"{words(groups)} groups near {first.name}" if groups > 1 else first.name,
        location=first.location if len({each.location for each in places}) == 1 else "",
        groups=groups,
        edges=edges,
        size=min(len(str(edges.total)), 4) if edges else 1,
        link=f"{record_addresses.page('keys:group-list')}?{area}"
        if groups > 1
        else record_addresses.of("keys:group-detail", first.id),
    )
