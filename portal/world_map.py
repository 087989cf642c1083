"""The flat map of the world: where a place is drawn, which part of the world is shown, which places share a dot.

An equidistant cylindrical projection, true to scale at 34 degrees from the equator. It can be read backwards, which
`static/js/pick-place.js` does. Antarctica is cut off, so that the lands with groups are larger.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

PER_LONGITUDE = 10
PER_LATITUDE = 12
NORTH, SOUTH = 84, -57
WIDTH = 360 * PER_LONGITUDE
HEIGHT = (NORTH - SOUTH) * PER_LATITUDE
# A map of few places shows their surroundings, at least a third of the world across.
_NARROWEST = WIDTH / 3
_MARGIN = 0.08
# So many times as wide as high.
_WIDEST = 3.2
# Dots are at least so far from each other, as a part of the width that is shown: 30 px where it has 720.
_APART = 1 / 24
MOST_DOTS = 200
# The Earth is divided into cells of so many degrees, squares on the map, for a database that counts the places of each.
# The number of a cell is its row from the south times ROW, plus its column from the west.
CELL_WIDE, CELL_HIGH, ROW = 7.5, 6.25, 100
# So many cells are as wide as the narrowest view. Wider ones join them, so that dots are fewer than MOST_DOTS.
_CELLS_ACROSS = 16
# The least difference of two coordinates, in degrees.
_LEAST = 0.000001


class Point(NamedTuple):
    """A place on the map, from its upper left corner, in units of the drawing."""

    x: float
    y: float


class View(NamedTuple):
    """The part of the world that a map shows, in units of the drawing."""

    x: float
    y: float
    width: float
    height: float


class Area(NamedTuple):
    """A part of the Earth between two degrees of latitude and two of longitude."""

    south: float
    west: float
    north: float
    east: float


class Cell(NamedTuple):
    """A part of the Earth, how many places are in it, and the id of one of them."""

    area: Area
    places: int
    first: int


@dataclass(frozen=True, slots=True)
class Dot:
    """Places that are drawn as one. Its areas contain these places and no place of another dot."""

    point: Point
    places: list[Any]
    areas: list[Area]


def project(latitude: float, longitude: float) -> Point:
    """Where a place on Earth is drawn, in degrees north and east. What lies south of the map is on its lower edge."""
    shown = min(max(latitude, SOUTH), NORTH)
    return Point((longitude + 180) * PER_LONGITUDE, (NORTH - shown) * PER_LATITUDE)


def view_of(points: Sequence[Point]) -> View:
    """The smallest part of the world with all points and a margin; all of it without points."""
    if not points:
        return View(0, 0, WIDTH, HEIGHT)
    left, right = min(each.x for each in points), max(each.x for each in points)
    top, bottom = min(each.y for each in points), max(each.y for each in points)
    across, down = (right - left) * (1 + 2 * _MARGIN), (bottom - top) * (1 + 2 * _MARGIN)
    width = round(min(max(across, down * WIDTH / HEIGHT, _NARROWEST), WIDTH))
    height = round(min(max(down, width / _WIDEST), HEIGHT))
    x = min(max((left + right - width) / 2, 0), WIDTH - width)
    y = min(max((top + bottom - height) / 2, 0), HEIGHT - height)
    return View(round(x), round(y), width, height)


def around(areas: Sequence[Area]) -> Area:
    """The smallest area with all of these in it."""
    souths, wests, norths, easts = zip(*areas, strict=True)
    return Area(min(souths), min(wests), max(norths), max(easts))


def write_areas(areas: Iterable[Area]) -> str:
    """Areas as an address has them. Six decimals are as many as the coordinates of a place have."""
    return ";".join(",".join(f"{degree:.6f}".rstrip("0").rstrip(".") for degree in area) for area in areas)


def read_areas(text: str) -> list[Area]:
    """The areas of an address. Raises ValueError."""
    areas = [Area(*map(float, each.split(","))) for each in text.split(";") if each.count(",") == 3]
    if len(areas) != text.count(";") + 1 or not all(map(_is_on_earth, areas)):
        raise ValueError("not areas")
    return areas


def _is_on_earth(area: Area) -> bool:
    # False for what is no number too.
    latitudes, longitudes = (area.south, area.north), (area.west, area.east)
    return all(-90 <= each <= 90 for each in latitudes) and all(-180 <= each <= 180 for each in longitudes)


def cells(counted: Sequence[tuple[int, int, int]]) -> tuple[View, list[Cell]]:
    """The part of the world with all cells, and the cells as large as it needs, those with most places first.

    `counted` has the number of each cell, how many places are in it, and the id of one, which stands for it.
    """
    if not counted:
        return view_of([]), []
    placed = [(*divmod(number, ROW), places, -first) for number, places, first in counted]
    rows, columns, *_ = zip(*placed, strict=True)
    whole = around([_cell(min(rows), min(columns), 1), _cell(max(rows), max(columns), 1)])
    view = view_of([project(whole.south, whole.west), project(whole.north, whole.east)])
    times = math.ceil(view.width / _CELLS_ACROSS / (CELL_WIDE * PER_LONGITUDE))
    joined: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for row, column, places, first in placed:
        joined[row // times, column // times].append((places, first))
    found = [
        Cell(_cell(row, column, times), sum(places for places, _ in parts), -max(parts)[1])
        for (row, column), parts in joined.items()
    ]
    return view, sorted(found, key=lambda each: (-each.places, each.first))


def _cell(row: int, column: int, times: int) -> Area:
    """So many cells in each direction, without what belongs to the next ones in the north and east."""
    south, west = row * times * CELL_HIGH - 90, column * times * CELL_WIDE - 180
    north, east = south + times * CELL_HIGH - _LEAST, west + times * CELL_WIDE - _LEAST
    return Area(south, west, min(north, 90), min(east, 180))


def gather(places: Iterable[Any], view: View) -> list[Dot]:
    """The dots of places in a view, at most MOST_DOTS. Each place has `latitude` and `longitude`."""
    found, apart = list(places), view.width * _APART
    while len(dots := _gathered(found, apart)) > MOST_DOTS:
        apart *= 1.25
    return dots


def _gathered(places: Sequence[Any], apart: float) -> list[Dot]:
    cells = defaultdict(list)
    for each in places:
        x, y = project(each.latitude, each.longitude)
        cells[x // apart, y // apart].append(each)
    return _joined(sorted(map(_dot, cells.values()), key=lambda dot: len(dot.places), reverse=True), apart)


def join(cells: Iterable[tuple[Area, Any]], view: View) -> list[Dot]:
    """The dots of `cells`, each with a place that has `latitude` and `longitude`, where its dot is drawn."""
    dots = (Dot(project(place.latitude, place.longitude), [place], [area]) for area, place in cells)
    return _joined(dots, view.width / _CELLS_ACROSS)


def _joined(cells: Iterable[Dot], apart: float) -> list[Dot]:
    """A cell with few places joins a dot with more that is nearer than `apart`, across the border of their cells."""
    dots: list[Dot] = []
    for cell in cells:
        near = next((each for each in dots if _is_near(each.point, cell.point, apart)), None)
        if near:
            near.places.extend(cell.places)
            near.areas.extend(cell.areas)
        else:
            dots.append(cell)
    return dots


def _dot(places: list[Any]) -> Dot:
    latitudes, longitudes = [each.latitude for each in places], [each.longitude for each in places]
    area = Area(min(latitudes), min(longitudes), max(latitudes), max(longitudes))
    return Dot(_middle(area), places, [area])


def _middle(area: Area) -> Point:
    return project((area.south + area.north) / 2, (area.west + area.east) / 2)


def _is_near(one: Point, other: Point, apart: float) -> bool:
    return abs(one.x - other.x) < apart and abs(one.y - other.y) < apart
