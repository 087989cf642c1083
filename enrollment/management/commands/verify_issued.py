"""Check again everything that was issued, or since a date, and print the faults."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from enrollment import operations, verifying
from enrollment.verifying import edges
from portal.numbers import counted

_AT_ONCE = 500


class Command(BaseCommand):
    help = (
        "Check everything issued again: certificates (parsed anew, signature, profile) against their "
        "rows, edges and issuers; one audit event for each, and for each revocation; the keys' counts; no serial "
        "twice; revoked certificates on their issuer's list. Changes nothing, except with --mend. Prints one line for "
        "each fault, and a summary on standard error. "
        "Exit 0 no faults, 1 faults found, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            type=_moment,
            default=datetime.fromtimestamp(0, UTC),
            metavar="DATE",
            help="only what was issued from then on: 2026-11-24, or 2026-11-24T12:00:00, in UTC",
        )

        parser.add_argument(
            "--mend",
            action="store_true",
            help="first store again what edges hold of the ends of their certificates, by which they are listed: "
            'after an upgrade, once no worker of the earlier version runs; prints a line for each, with "(mended)"',
        )

    def handle(self, *args: Any, since: datetime, mend: bool, **options: Any) -> None:
        if mend:
            # An upgrade is not the only reason for a difference: after an attack it may be the last trace.
            differing = list(edges.differing(since))
            for _, fault in differing:
                self.stdout.write(f"{fault} (mended)")
            found = sorted({pk for pk, _ in differing})
            for start in range(0, len(found), _AT_ONCE):
                operations.store_expiry(found[start : start + _AT_ONCE])
            self.stderr.write(f"Mended {counted(len(found), 'edge')}.")
        tally, faults = verifying.Tally(), 0
        for fault in verifying.verify(since, tally):
            self.stdout.write(str(fault))
            faults += 1
        self.stderr.write(f"Checked {tally}: {counted(faults, 'fault')}.")
        if faults:
            raise CommandError("What was issued has faults.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a date is written 2026-11-24") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
