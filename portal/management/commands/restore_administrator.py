"""`manage.py restore_administrator`: regain access when no administrator can sign in."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import accounts, actors


class Command(BaseCommand):
    help = (
        "Make an active superuser of an account, or a new one, with the password that is typed or is the first line of "
        "standard input. Ends the account's sessions and every sign-in lock."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="admin", help="default: admin")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        password = _typed() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        if "\0" in password or any("\ud800" <= character <= "\udfff" for character in password):
            raise CommandError("The sign-in page would not take this password: it is no text in UTF-8, or holds a NUL.")
        actor = actors.for_command("restore_administrator")
        try:
            created = accounts.restore_administrator(username, password, actor=actor)
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from None
        made = "is a new superuser" if created else "is an active superuser and has a new password"
        self.stderr.write(f"“{username}” {made}.")


def _typed() -> str:
    password = getpass.getpass("New password: ")
    if getpass.getpass("New password again: ") != password:
        raise CommandError("The two passwords differ. Nothing was changed.")
    return password
