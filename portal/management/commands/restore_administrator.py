"""`manage.py restore_administrator`: access again when no administrator can sign in."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import accounts, actors
from portal.refusals import Refused


class Command(BaseCommand):
    help = (
        "Make an account an active superuser, or create one. The password is typed, or is the first line of standard "
        "input. Ends the account's sessions and every sign-in lock."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="admin", help="default: admin")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        password = _typed_password() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        actor = actors.for_command("restore_administrator")
        try:
            created = accounts.restore_administrator(username, password, actor=actor)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        result = "is a new superuser" if created else "is an active superuser and has a new password"
        self.stderr.write(f"“{username}” {result}.")


def _typed_password() -> str:
    password = getpass.getpass("New password: ")
    if getpass.getpass("New password again: ") != password:
        raise CommandError("The two passwords differ. Nothing was changed.")
    return password
