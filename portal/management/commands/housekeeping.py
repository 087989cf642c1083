"""`manage.py housekeeping`, for servers without deploy/gunicorn.conf.py, whose workers do the same."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal import housekeeping


class Command(BaseCommand):
    help = "Write the counts of past minutes into the audit log and seal it; remove expired sign-in locks and sessions."

    def handle(self, *args: Any, **options: Any) -> None:
        housekeeping.run()
