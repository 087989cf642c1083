"""`enroll_edge` in `manage.py help`. `manage.py enroll_edge` does not come here: it runs without Django."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from dataclasses import fields
from typing import Any

from django.core.management.base import BaseCommand

from enrollment.edge.cli import EPILOG, HELP, add_arguments, run
from enrollment.edge.enrolling import Options


class Command(BaseCommand):
    help = f"{HELP} {EPILOG}"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(run(Options(**{field.name: options[field.name] for field in fields(Options)})))
