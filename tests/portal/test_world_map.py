"""The map of the world: where places are drawn, which part is shown, which places share a dot."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from typing import NamedTuple

import pytest
from django.test import SimpleTestCase

from portal.world_map import (
    CELL_HIGH,
    CELL_WIDE,
    HEIGHT,
    MOST_DOTS,
    ROW,
    WIDTH,
    Area,
    Point,
    View,
    around,
    cells,
    gather,
    join,
    project,
    read_areas,
    view_of,
    write_areas,
)  # fmt: skip

pytestmark = pytest.mark.once


class Place(NamedTuple):
    latitude: float
    longitude: float


def contains(area: Area, place: Place) -> bool:
    return area.south <= place.latitude <= area.north and area.west <= place.longitude <= area.east


class WorldMap(SimpleTestCase):
    def test_places_are_drawn_where_they_are(self) -> None:
        for place, point in {
            (84, -180): (0, 0),
            (0, 0): (1800, 1008),
            (52.5, 13.4): (1934, 378),
            (-57, 180): (WIDTH, HEIGHT),
            # Beyond the edges of the map.
            (-90, 0): (1800, HEIGHT),
            (90, 0): (1800, 0),
        }.items():
            self.assertEqual(project(*place), Point(*point), place)

    def test_the_view_contains_all_points_stays_on_the_map_and_is_never_too_narrow(self) -> None:
        self.assertEqual(view_of([]), View(0, 0, WIDTH, HEIGHT))
        chance = random.Random(7)
        for count in (1, 2, 5, 50):
            points = [project(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(count)]
            view = view_of(points)
            with self.subTest(view=view):
                for x, y in points:
                    self.assertTrue(view.x - 1 <= x <= view.x + view.width + 1)
                    self.assertTrue(view.y - 1 <= y <= view.y + view.height + 1)
                self.assertTrue(view.x >= 0 and view.x + view.width <= WIDTH)
                self.assertTrue(view.y >= 0 and view.y + view.height <= HEIGHT)
                self.assertGreaterEqual(view.width, WIDTH / 3)

    def test_ten_thousand_places_are_a_few_dots_that_are_apart_and_whose_areas_are_theirs_alone(self) -> None:
        chance = random.Random(7)
        spread = [Place(chance.uniform(-50, 70), chance.uniform(-170, 170)) for _ in range(5_000)]
        crowd = [Place(chance.gauss(50, 8), chance.gauss(10, 15)) for _ in range(5_000)]
        for places in (spread, crowd, spread + crowd, [Place(1, 1)] * 3, []):
            view = view_of([project(*place) for place in places])
            dots = gather(places, view)
            self.assertLessEqual(len(dots), MOST_DOTS)
            self.assertEqual(sum(len(dot.places) for dot in dots), len(places))
            for at, dot in enumerate(dots):
                for other in dots[:at]:
                    apart = max(abs(dot.point.x - other.point.x), abs(dot.point.y - other.point.y))
                    self.assertGreaterEqual(apart, view.width / 24)
            for place in places[::100]:
                (own,) = [dot for dot in dots if any(contains(area, place) for area in dot.areas)]
                self.assertIn(place, own.places)

    def test_cells_are_fewer_than_the_most_dots_and_their_areas_have_the_places_that_were_counted(self) -> None:
        chance = random.Random(7)
        world = [Place(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(4_000)]
        corners = [Place(*each) for each in itertools.product((-90, -83.75, 0, 6.25, 6.249999, 90), (-180, 7.5, 180))]
        europe = [Place(chance.uniform(36, 60), chance.uniform(-10, 30)) for _ in range(500)]
        for places in (world + corners, corners, europe, [Place(52.5, 13.4)] * 9, []):
            by_cell = defaultdict(list)
            for at, place in enumerate(places):
                column, row = (place.longitude + 180) // CELL_WIDE, (place.latitude + 90) // CELL_HIGH
                by_cell[int(row * ROW + column)].append(at)
            view, found = cells([(number, len(ids), ids[0]) for number, ids in by_cell.items()])
            self.assertEqual(sum(cell.places for cell in found), len(places))
            for cell in found:
                inside = [at for at, place in enumerate(places) if contains(cell.area, place)]
                self.assertEqual(len(inside), cell.places)
                self.assertIn(cell.first, inside)
            dots = join([(cell.area, places[cell.first]) for cell in found], view)
            self.assertLessEqual(len(dots), MOST_DOTS)
            self.assertEqual(sum(len(dot.areas) for dot in dots), len(found))
            for at, dot in enumerate(dots):
                for other in dots[:at]:
                    apart = max(abs(dot.point.x - other.point.x), abs(dot.point.y - other.point.y))
                    self.assertGreaterEqual(apart, view.width / 16)

    def test_a_full_world_and_a_full_third_of_it_have_fewer_cells_than_the_most_dots(self) -> None:
        for rows, columns in ((range(29), range(49)), (range(20, 25), range(16)), (range(12, 27), range(10, 28))):
            everywhere = [(row * ROW + column, 1, 1) for row in rows for column in columns]
            self.assertLessEqual(len(cells(everywhere)[1]), MOST_DOTS)

    def test_areas_are_read_as_they_are_written(self) -> None:
        areas = [Area(-1.5, 2, 3.25, 100), Area(50.123456, -180, 51, 0)]
        self.assertEqual(write_areas(areas), "-1.5,2,3.25,100;50.123456,-180,51,0")
        self.assertEqual(read_areas(write_areas(areas)), areas)
        self.assertEqual(around(areas), Area(-1.5, -180, 51, 100))
