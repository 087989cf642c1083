"""Django's runserver, with the checks that the portal makes at its start."""

from __future__ import annotations

from django.contrib.staticfiles.management.commands.runserver import Command as StaticFilesCommand

from portal.startup import SealingCommand


class Command(SealingCommand, StaticFilesCommand):
    """The same options as Django's."""
