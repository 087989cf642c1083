"""`/downloads/`: the edge's own program as files that anybody may fetch, check and keep."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from django.test import override_settings

from tests.base import PortalTestCase
from tests.enrollment.built_downloads import WithDownloads

NAMES = {
    "enroll-edge.pyz": b"#!/usr/bin/python3\n", "install-edge.sh": b"#!/bin/sh\n", "enroll-edge.deb": b"!<arch>\n",
    "enroll-edge-container.tar": b"Containerfile\0",
}  # fmt: skip


class DownloadTests(WithDownloads, PortalTestCase):
    def test_each_is_served_to_everybody_with_its_digest(self) -> None:
        for name, first in NAMES.items():
            with self.subTest(name):
                file = self.client.get(f"/downloads/{name}")
                self.assertEqual((file.status_code, file.content[: len(first)]), (200, first))
                self.assertEqual(file["Content-Disposition"], f'attachment; filename="{name}"')
                digest = self.client.get(f"/downloads/{name}.sha256")
                self.assertEqual(digest.content.decode(), f"{hashlib.sha256(file.content).hexdigest()}\n")
                self.assertEqual(self.client.head(f"/downloads/{name}").status_code, 200)
                self.assertEqual(self.client.post(f"/downloads/{name}").status_code, 405)
                self.assertFalse(file.cookies)

    def test_a_version_may_be_kept_for_ever_and_the_newest_is_asked_for_again(self) -> None:
        address = "/downloads/enroll-edge.pyz"
        newest = self.client.get(address)
        digest = hashlib.sha256(newest.content).hexdigest()
        self.assertEqual((newest["ETag"], newest["Cache-Control"]), (f'"{digest}"', "public, no-cache"))
        version = self.client.get(address, {"v": digest})
        self.assertEqual(version["Cache-Control"], "public, max-age=31536000, immutable")
        self.assertEqual(self.client.get(address, {"v": "0" * 64})["Cache-Control"], "public, no-cache")
        kept = self.client.get(address, headers={"If-None-Match": newest["ETag"]})
        self.assertEqual((kept.status_code, kept.content, kept["ETag"]), (304, b"", newest["ETag"]))

    def test_other_names_are_no_files(self) -> None:
        for name in (
            "x",
            "enroll-edge.pyz.sha256.sha256",
            "..%2Fportal.sqlite3",
            ".sha256",
            "1%7Cx%7CPSEKsecret",
            "%00",
        ):
            with self.subTest(name):
                answer = self.client.get(f"/downloads/{name}")
                self.assertEqual(answer.status_code, 404)
                self.assertNotContains(answer, "PSEK", status_code=404)

    def test_what_was_not_built_says_how_to_build_it(self) -> None:
        with tempfile.TemporaryDirectory() as empty, override_settings(DOWNLOADS_DIR=Path(empty)):
            for name in ("enroll-edge.pyz", "enroll-edge.deb.sha256"):
                answer = self.client.get(f"/downloads/{name}")
                self.assertContains(answer, "On the portal, run: manage.py build_downloads\n", status_code=404)
