"""Django's runserver, which does not start when the portal would not start."""

from __future__ import annotations

from django.contrib.staticfiles.management.commands.runserver import Command as StaticFilesCommand

from portal.startup import SealingCommand


class Command(SealingCommand, StaticFilesCommand):
    """The same options as Django's."""
