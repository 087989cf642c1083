"""Apply a vendor manifest: the built-in one with the preloaded certificates, or a JSON file."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from keys.errors import Refused
from keys.operations import apply_manifest
from portal import actors
from portal.startup import SealingCommand

BUILTIN = Path(__file__).resolve().parents[2] / "manifests" / "builtin.json"


class Command(SealingCommand):
    help = "Write the records the vendor manages. Without --file: the preloaded certificates."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", default=str(BUILTIN), help="a JSON manifest")

    def handle(self, *args: Any, file: str, verbosity: int, **options: Any) -> None:
        try:
            document = json.loads(Path(file).read_text(encoding="utf-8"))
            written = apply_manifest(document, actor=actors.for_command("apply_vendor_manifest"))
        except (OSError, ValueError, Refused) as error:
            raise CommandError(f"{file}: {error}") from None
        except RecursionError:
            raise CommandError(f"{file}: This holds lists or objects that are nested too deep.") from None
        if verbosity:
            self.stderr.write(f"{written} records written.")
