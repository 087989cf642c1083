"""The sprite contains exactly the icons that templates and the menu use."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import CommandError, call_command
from django.template import Context, Template, TemplateSyntaxError
from django.test import SimpleTestCase

from portal.menu import ADMINISTRATION, FIRST, MENU
from tests.support.html import parsed

FOLDER = Path(settings.BASE_DIR) / "static" / "icons"


def used() -> set[str]:
    templates = (Path(settings.BASE_DIR) / "templates").rglob("*.html")
    found = {name for path in templates for name in re.findall(r'{% icon "([\w-]+)" %}', path.read_text())}
    return found | {entry.icon for entry in (*FIRST, *MENU, *ADMINISTRATION)}


class Icons(SimpleTestCase):
    def test_every_used_icon_is_in_the_sprite_and_every_symbol_is_used(self):
        symbols = [str(symbol["id"]) for symbol in parsed((FOLDER / "sprite.svg").read_text()).select("symbol")]
        self.assertEqual(sorted(symbols), sorted(used()))
        self.assertEqual(json.loads((FOLDER / "icons.json").read_text())["names"], sorted(used()))

    def test_the_license_stands_beside_the_sprite(self):
        self.assertIn("ISC License", (FOLDER / "LICENSE-lucide.txt").read_text())

    def test_an_icon_is_decoration_and_points_into_the_sprite(self):
        found = Template('{% load icons %}{% icon "copy" %}').render(Context())
        self.assertHTMLEqual(
            found, '<svg class="icon" aria-hidden="true"><use href="/static/icons/sprite.svg#copy"/></svg>'
        )

    def test_a_name_that_a_test_could_not_see_is_refused(self):
        for source in ("{% icon name %}", '{% icon "copy" "check" %}', "{% icon %}"):
            with self.assertRaises(TemplateSyntaxError):
                Template("{% load icons %}" + source)

    def test_only_the_pinned_tarball_is_accepted(self):
        with TemporaryDirectory() as folder:
            tarball = Path(folder) / "lucide.tgz"
            tarball.write_bytes(b"not it")
            with self.assertRaisesMessage(CommandError, "This is not lucide-static 1.62.0"):
                call_command("build_icons", tarball=tarball, stdout=StringIO())
