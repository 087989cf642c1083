"""Build the edge's own program for `/downloads/`. `make run` does it; a deployment does it once for each version."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from enrollment import downloads


class Command(BaseCommand):
    help = (
        "Build the edge's own program, its installer, its container and, where dpkg-deb exists, its Debian package. "
        "The portal serves them to edges under /downloads/. Run it again after each upgrade of the portal."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        try:
            settings.DOWNLOADS_DIR.mkdir(parents=True, exist_ok=True)
            # Beside the result, so that each file gets to its place in one step.
            with tempfile.TemporaryDirectory(dir=settings.DOWNLOADS_DIR) as scratch:
                build = [sys.executable, f"{settings.BASE_DIR}/deploy/edge/build.py", scratch]
                subprocess.run(build, check=True, capture_output=True)  # noqa: S603  # the portal's own program
                placed = downloads.place(Path(scratch))
        except OSError as error:
            raise CommandError(f"{settings.DOWNLOADS_DIR} cannot be written: {error.strerror}.") from None
        except subprocess.CalledProcessError as error:
            raise CommandError(f"The build failed: {error.stderr.decode(errors='replace').strip()}") from None
        if verbosity:
            self.stdout.write("\n".join(str(settings.DOWNLOADS_DIR / name) for name in placed))
