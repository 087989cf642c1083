"""Fill an empty database with demo data."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from enrollment import demo
from portal import actors
from portal.quickstart.state import write_private
from portal.startup import SealingCommand


class Command(SealingCommand):
    help = "Fill a database that holds no keys with demo data; does nothing when it holds any."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--key-file", help="write the text of one demo key to this file, mode 0600")

    def handle(self, *args: Any, key_file: str | None, verbosity: int, **options: Any) -> None:
        text = demo.seed(actors.for_command("seed_demo"))
        if text and key_file:
            write_private(Path(key_file), text + "\n")
        if verbosity:
            self.stderr.write("Demo data written." if text else "There are keys already; nothing was changed.")
