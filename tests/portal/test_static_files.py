"""URLs of static files come from the manifest and are cached."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.management import call_command
from django.test import SimpleTestCase, override_settings

from portal import settings as stock
from portal.static_files import StaticFilesStorage
from tests.base import PortalTestCase

pytestmark = pytest.mark.once

_SIDES = re.compile(r"\b(?:left|right)\b")
_COLORS = re.compile(r"#[0-9a-f]{3,8}\b(?=[^{}]*;)|\blight-dark\(|\b(?:rgb|hsl|oklch)a?\(|\b(?:black|white)\b(?![-_])")
_FOUR = re.compile(r"\b(?:padding|margin|inset): ([^;]+);")


class StaticFiles(PortalTestCase):
    def test_the_portal_serves_from_this_storage(self):
        backend = f"{StaticFilesStorage.__module__}.{StaticFilesStorage.__name__}"
        self.assertEqual(stock.STORAGES["staticfiles"]["BACKEND"], backend)
        self.assertTrue(issubclass(StaticFilesStorage, HashedFilesMixin))

    def test_an_address_carries_the_hash_and_stays_the_same(self):
        with tempfile.TemporaryDirectory() as directory:
            with override_settings(STATIC_ROOT=directory, STORAGES=stock.STORAGES):
                call_command("collectstatic", interactive=False, verbosity=0)
                storage = StaticFilesStorage()
            first = storage.url("css/base.css")
            self.assertRegex(first, r"^/static/css/base\.[0-9a-f]{12}\.css$")
            self.assertTrue((Path(directory) / first.removeprefix("/static/")).is_file())
            self.assertIs(storage.url("css/base.css"), first)
            # The address that pages preload is the one that the style sheet names, or the font is loaded twice.
            style_sheet = (Path(directory) / storage.url("css/tokens.css").removeprefix("/static/")).read_text()
            self.assertIn(Path(storage.url("fonts/inter.woff2")).name, style_sheet)
        with self.assertRaises(ValueError):
            storage.url("css/missing.css")


class Fonts(SimpleTestCase):
    folder = stock.BASE_DIR / "static" / "fonts"

    def test_the_font_is_small_and_its_license_stands_beside_it(self):
        self.assertLess((self.folder / "inter.woff2").stat().st_size, 40_000)
        self.assertIn("SIL OPEN FONT LICENSE Version 1.1", (self.folder / "LICENSE-inter.txt").read_text())


class Styles(SimpleTestCase):
    def test_they_ask_for_the_color_scheme_and_never_for_that_of_the_device(self):
        """So the theme that a person chose has the colors of a device of that scheme, whatever the device has."""
        for path in sorted((stock.BASE_DIR / "static" / "css").glob("*.css")):
            self.assertNotIn("prefers-color-scheme", path.read_text(), path.name)

    def test_colors_have_names_which_the_tokens_give_them(self):
        for path in sorted((stock.BASE_DIR / "static" / "css").glob("*.css")):
            if path.name != "tokens.css":
                self.assertEqual(_COLORS.findall(path.read_text()), [], path.name)

    def test_they_name_the_start_and_the_end_of_a_line_and_neither_left_nor_right(self):
        """With logical properties the layout is mirrored for right-to-left text."""
        for path in sorted((stock.BASE_DIR / "static" / "css").glob("*.css")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                with self.subTest(file=path.name, line=number):
                    self.assertNotRegex(line, _SIDES)
                    for value in _FOUR.findall(line):
                        sides = re.sub(r"\(.*\)", "()", value).split()
                        self.assertFalse(len(sides) == 4 and sides[1] != sides[3], value)
