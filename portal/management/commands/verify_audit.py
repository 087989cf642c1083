"""Compare the audit log with its seals, and print the head of the chain."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import audit_seals
from portal.numbers import counted


class Command(BaseCommand):
    help = (
        "Compare every sealed event of the audit log with its seal. Prints one line for each fault, and last the head "
        "of the chain: keep that line elsewhere, and give it back with --head to find a log whose end was cut off. "
        "Exit 0 no faults, 1 faults found, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--head", type=Path, metavar="FILE", help="a file with the head that was printed earlier")

    def handle(self, *args: Any, head: Path | None, **options: Any) -> None:
        exported = self._exported(head) if head else ""
        faults = [str(fault) for fault in audit_seals.verify()]
        if exported and not audit_seals.agrees_with(exported):
            faults.append(
                f"The head “{exported}” is not in the log: its end was cut off, the chain was made again, "
                "or an older copy of the database was restored."
            )
        for fault in faults:
            self.stdout.write(fault)
        self.stdout.write(audit_seals.head())
        if faults:
            raise CommandError(f"{counted(len(faults), 'fault')}: the audit log does not agree with its seals.")
        self.stderr.write(f"0 faults. Not sealed yet: {counted(audit_seals.not_sealed(), 'event')}.")

    def _exported(self, path: Path) -> str:
        """The last line of the file, which must be a head."""
        try:
            lines = path.read_text().split("\n")
            exported = next(line.strip() for line in reversed(lines) if line.strip())
            audit_seals.agrees_with(exported)
        except (OSError, ValueError, StopIteration, OverflowError):
            message = f"{path} holds no head: its last line must be a number and 64 hexadecimal digits."
            raise CommandError(message, returncode=2) from None
        return exported
