"""The edge's program as the files that the portal offers, built as for a deployment."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.core.management import call_command
from django.test import SimpleTestCase, override_settings


class WithDownloads(SimpleTestCase):
    """Mixed into the test cases of pages that offer them."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.enterClassContext(override_settings(DOWNLOADS_DIR=Path(directory)))
        call_command("build_downloads", verbosity=0)
