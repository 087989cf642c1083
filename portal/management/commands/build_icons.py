"""Build static/icons/sprite.svg from the pinned npm tarball of Lucide; see static/icons/icons.json."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tarfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

_SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_ATTRIBUTES = 'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"'


class Command(BaseCommand):
    help = "Build the icon sprite from the tarball named in static/icons/icons.json, or --check that it is up to date."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tarball", type=Path, required=True, help="lucide-static-<version>.tgz from npm")
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something would change")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "static" / "icons"
        built = build(json.loads((folder / "icons.json").read_text()), options["tarball"].read_bytes())
        stale = [
            name
            for name, text in built.items()
            if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
        ]
        if options["check"] and stale:
            raise CommandError(f"Not up to date: {', '.join(stale)}. Run build_icons without --check.")
        for name in stale:
            (folder / name).write_text(built[name], encoding="utf-8")
        self.stdout.write(f"Wrote {', '.join(stale)}." if stale else "Up to date.")


def build(manifest: dict[str, Any], tarball: bytes) -> dict[str, str]:
    """The contents of the sprite and of the license file, by file name.

    Raises CommandError when the tarball's hash differs or an icon is missing.
    """
    if "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode() != manifest["integrity"]:
        raise CommandError(f"This is not {manifest['package']} {manifest['version']}: its SHA-512 differs.")
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        symbols = [_symbol(name, _read(archive, f"package/icons/{name}.svg")) for name in sorted(manifest["names"])]
        license_text = _read(archive, "package/LICENSE")
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    return {"sprite.svg": sprite, "LICENSE-lucide.txt": license_text}


def _read(archive: tarfile.TarFile, member: str) -> str:
    try:
        file = archive.extractfile(member)
    except KeyError:
        file = None
    if file is None:
        raise CommandError(f"The tarball has no {member}.")
    return file.read().decode()


def _symbol(name: str, svg: str) -> str:
    found = _SHAPES.search(svg)
    if found is None:
        raise CommandError(f"The icon {name} is not an SVG with the expected structure.")
    shapes = "".join(line.strip() for line in found[1].splitlines())
    return f'<symbol id="{name}" {_ATTRIBUTES} stroke-linejoin="round">{shapes}</symbol>'
