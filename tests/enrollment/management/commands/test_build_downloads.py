"""`build_downloads`: the files under `/downloads/`, the same bytes for the same sources, none of an older version."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest import mock

from django.core.management import CommandError, call_command
from django.test import SimpleTestCase, override_settings

from enrollment import downloads


class BuildDownloads(SimpleTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory())) / "downloads"
        self.enterContext(override_settings(DOWNLOADS_DIR=self.directory))

    def build(self) -> dict[str, downloads.Download | None]:
        call_command("build_downloads", verbosity=0)
        return {name: downloads.find(name) for name in downloads.BUILT_AS}

    def test_the_same_sources_give_the_same_bytes_and_nothing_else_stays(self) -> None:
        first = self.build()
        self.assertNotIn(None, first.values())
        (self.directory / "enroll-edge.deb").write_bytes(b"of an older version")
        self.assertEqual(downloads.find("enroll-edge.deb").content, b"of an older version")
        self.assertEqual(self.build(), first)
        self.assertEqual({path.name for path in self.directory.iterdir()}, set(downloads.BUILT_AS))

    def test_without_dpkg_deb_there_is_no_package_not_even_an_old_one(self) -> None:
        self.build()
        with mock.patch.dict("os.environ", PATH=""):
            self.assertIsNone(self.build()["enroll-edge.deb"])
        self.assertIsNotNone(downloads.find("enroll-edge.pyz"))

    def test_the_installer_holds_the_digest_of_the_program(self) -> None:
        built = self.build()
        self.assertIn(built["enroll-edge.pyz"].sha256.encode(), built["install-edge.sh"].content)
        self.assertNotRegex(built["install-edge.sh"].content, rb"@[A-Z0-9]+@")

    def test_a_place_that_cannot_be_written_is_named(self) -> None:
        self.directory.parent.joinpath("file").touch()
        with (
            override_settings(DOWNLOADS_DIR=self.directory.parent / "file" / "downloads"),
            self.assertRaisesRegex(CommandError, "downloads cannot be written: Not a directory"),
        ):
            call_command("build_downloads")
