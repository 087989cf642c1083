"""Build static/icons/sprite.svg from the pinned npm tarball of Lucide; see static/icons/icons.json."""

from __future__ import annotations

import re
from typing import Any

from django.core.management.base import CommandError

from portal.management.built_files import BuiltFilesCommand, Read

_SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_ATTRIBUTES = 'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"'


class Command(BuiltFilesCommand):
    help = "Build the icon sprite from the tarball named in static/icons/icons.json, or --check that it is up to date."
    folder, manifest = "icons", "icons.json"

    def build(self, manifest: dict[str, Any], read: Read) -> dict[str, str]:
        symbols = [_symbol(name, read(f"icons/{name}.svg")) for name in sorted(manifest["names"])]
        sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
        return {"sprite.svg": sprite, "LICENSE-lucide.txt": read("LICENSE")}


def _symbol(name: str, svg: str) -> str:
    found = _SHAPES.search(svg)
    if found is None:
        raise CommandError(f"The icon {name} is not an SVG with the expected structure.")
    shapes = "".join(line.strip() for line in found[1].splitlines())
    return f'<symbol id="{name}" {_ATTRIBUTES} stroke-linejoin="round">{shapes}</symbol>'
