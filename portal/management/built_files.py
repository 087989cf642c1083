"""Commands that build static files from an npm tarball, which a manifest in their folder pins by its SHA-512."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

# Reads a file of the tarball by its name there.
Read = Callable[[str], str]


class BuiltFilesCommand(BaseCommand):
    """Writes what `build` makes into a folder of `static`, or with --check only compares."""

    folder: ClassVar[str]
    manifest: ClassVar[str]

    def build(self, manifest: dict[str, Any], read: Read) -> dict[str, str]:
        """The contents of the built files, by file name."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tarball", type=Path, required=True, help="the .tgz that `npm pack` downloads")
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something would change")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "static" / self.folder
        manifest = json.loads((folder / self.manifest).read_text())
        with tarfile.open(fileobj=io.BytesIO(_pinned(manifest, options["tarball"].read_bytes()))) as archive:
            built = self.build(manifest, lambda member: _read(archive, member))
        stale = [
            name
            for name, text in built.items()
            if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
        ]
        if options["check"] and stale:
            raise CommandError(f"Not up to date: {', '.join(stale)}. Run this command without --check.")
        for name in stale:
            (folder / name).write_text(built[name], encoding="utf-8")
        self.stdout.write(f"Wrote {', '.join(stale)}." if stale else "Up to date.")


def _pinned(manifest: dict[str, Any], tarball: bytes) -> bytes:
    if "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode() != manifest["integrity"]:
        raise CommandError(f"This is not {manifest['package']} {manifest['version']}: its SHA-512 differs.")
    return tarball


def _read(archive: tarfile.TarFile, member: str) -> str:
    try:
        file = archive.extractfile(f"package/{member}")
    except KeyError:
        file = None
    if file is None:
        raise CommandError(f"The tarball has no {member}.")
    return file.read().decode()
