"""Build static/map/land.svg, the outline of the lands of the Earth, from the pinned npm tarball of world-atlas.

Its data is Natural Earth at 1:110 million, which is in the public domain, as TopoJSON
(https://github.com/topojson/topojson-specification).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from portal.management.built_files import BuiltFilesCommand, Read
from portal.world_map import HEIGHT, SOUTH, WIDTH, project

# In units of the drawing: what a simplified line may be off, and how large an island must be.
_TOLERANCE = 1.5
_SMALLEST = 60
Line = list[tuple[float, float]]


class Command(BuiltFilesCommand):
    help = "Build the outline of the map from the tarball named in static/map/map.json, or --check that it is current."
    folder, manifest = "map", "map.json"

    def build(self, manifest: dict[str, Any], read: Read) -> dict[str, str]:
        rings = [_simplified(ring) for ring in _rings(json.loads(read("land-110m.json")))]
        drawn = sorted((ring for ring in rings if _area(ring) >= _SMALLEST), key=_area, reverse=True)
        path = "".join(_path(ring) for ring in drawn)
        svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}">\n<path id="land" d="{}"/>\n</svg>\n'
        return {"land.svg": svg.format(WIDTH, HEIGHT, path), "LICENSE-world-atlas.txt": read("LICENSE")}


def _rings(topology: dict[str, Any]) -> Iterator[Line]:
    """The outlines north of the lower edge of the map, in units of the drawing."""
    (across, up), (west, south) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [_absolute(arc) for arc in topology["arcs"]]
    for geometry in topology["objects"]["land"]["geometries"]:
        for polygon in geometry["arcs"]:
            for numbers in polygon:
                parts = (arcs[number] if number >= 0 else arcs[~number][::-1] for number in numbers)
                places = [(south + y * up, west + x * across) for part in parts for x, y in part]
                if max(latitude for latitude, _ in places) > SOUTH:
                    yield from _in_one_piece([project(*place) for place in places])


def _in_one_piece(ring: Line) -> Iterator[Line]:
    """The outline without jumps between the left and the right edge: one that crosses an edge is drawn at both."""
    turns, whole = 0, [ring[0]]
    for (before, _), (x, y) in itertools.pairwise(ring):
        turns += round((before - x) / WIDTH)
        whole.append((x + turns * WIDTH, y))
    yield whole
    if max(x for x, _ in whole) > WIDTH:
        yield [(x - WIDTH, y) for x, y in whole]
    if min(x for x, _ in whole) < 0:
        yield [(x + WIDTH, y) for x, y in whole]


def _absolute(arc: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """An arc of differences as one of positions."""
    x = y = 0
    return [(x := x + right, y := y + up) for right, up in arc]


def _simplified(line: Line) -> Line:
    """The line by Douglas and Peucker: without points that are closer than the tolerance to the line without them."""
    if len(line) < 3:
        return line
    (left, top), (right, bottom) = line[0], line[-1]
    across, down = right - left, bottom - top
    length = (across * across + down * down) ** 0.5

    def distance(at: int) -> float:
        x, y = line[at][0] - left, line[at][1] - top
        # The two ends of a ring are one point.
        return abs(across * y - down * x) / length if length else (x * x + y * y) ** 0.5

    farthest = max(range(1, len(line) - 1), key=distance)
    if distance(farthest) < _TOLERANCE:
        return [line[0], line[-1]]
    return _simplified(line[: farthest + 1])[:-1] + _simplified(line[farthest:])


def _area(ring: Line) -> float:
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


def _path(ring: Line) -> str:
    """The outline in whole units, each point as its difference from the one before."""
    points = [(round(x), round(y)) for x, y in ring[:-1]]
    steps = [(x2 - x1, y2 - y1) for (x1, y1), (x2, y2) in itertools.pairwise(points)]
    moves = "".join(f"{x}" + (f"{y}" if y < 0 else f" {y}") + " " for x, y in steps if (x, y) != (0, 0)).strip()
    return f"M{points[0][0]} {points[0][1]}l{moves.replace(' -', '-')}z"
