"""The outline of the map: small, from the pinned package alone, and inside the drawing."""

from __future__ import annotations

import gzip
import json
import re
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import SimpleTestCase

from portal.management.commands.build_map import _in_one_piece, _simplified
from portal.world_map import HEIGHT, WIDTH

pytestmark = pytest.mark.once
FOLDER = Path(settings.BASE_DIR) / "static" / "map"


class BuiltMap(SimpleTestCase):
    def test_the_file_is_one_small_path_of_the_size_of_the_map(self) -> None:
        svg = (FOLDER / "land.svg").read_bytes()
        self.assertLess(len(gzip.compress(svg)), 12_000)
        self.assertEqual(len(re.findall(rb"<path", svg)), 1)
        self.assertIn(f'viewBox="0 0 {WIDTH} {HEIGHT}"'.encode(), svg)
        self.assertNotIn(b"style", svg)
        self.assertIn("Permission to use", (FOLDER / "LICENSE-world-atlas.txt").read_text())

    def test_only_the_pinned_tarball_is_accepted(self) -> None:
        pinned = json.loads((FOLDER / "map.json").read_text())
        with TemporaryDirectory() as folder:
            tarball = Path(folder) / "atlas.tgz"
            tarball.write_bytes(b"not it")
            with self.assertRaisesMessage(CommandError, f"This is not world-atlas {pinned['version']}"):
                call_command("build_map", tarball=tarball, stdout=StringIO())

    def test_what_crosses_the_edge_is_drawn_at_both_without_a_line_across(self) -> None:
        island = [(WIDTH - 50.0, 100.0), (30.0, 100.0), (30.0, 150.0), (WIDTH - 50.0, 150.0), (WIDTH - 50.0, 100.0)]
        right, left = _in_one_piece(island)
        self.assertEqual(max(x for x, _ in right), WIDTH + 30)
        self.assertEqual(min(x for x, _ in left), -50)
        self.assertEqual(list(_in_one_piece([(1.0, 1.0), (2.0, 1.0), (1.0, 1.0)])), [[(1, 1), (2, 1), (1, 1)]])

    def test_points_close_to_a_line_are_left_out(self) -> None:
        self.assertEqual(_simplified([(0, 0), (50, 1), (100, 0), (100, 100)]), [(0, 0), (100, 0), (100, 100)])
