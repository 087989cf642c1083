"""Addresses of static files: those of the manifest, worked out once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.management import call_command
from django.test import override_settings

from portal import settings as stock
from portal.static_files import StaticFilesStorage
from tests.base import PortalTestCase


class StaticFiles(PortalTestCase):
    def test_the_portal_serves_from_this_storage(self):
        backend = f"{StaticFilesStorage.__module__}.{StaticFilesStorage.__name__}"
        self.assertEqual(stock.STORAGES["staticfiles"]["BACKEND"], backend)
        self.assertTrue(issubclass(StaticFilesStorage, HashedFilesMixin))

    def test_an_address_carries_the_hash_and_stays_the_same(self):
        with tempfile.TemporaryDirectory() as directory:
            with override_settings(STATIC_ROOT=directory, STORAGES=stock.STORAGES):
                call_command("collectstatic", interactive=False, verbosity=0)
                storage = StaticFilesStorage()
            first = storage.url("css/base.css")
            self.assertRegex(first, r"^/static/css/base\.[0-9a-f]{12}\.css$")
            self.assertTrue((Path(directory) / first.removeprefix("/static/")).is_file())
            self.assertIs(storage.url("css/base.css"), first)
        with self.assertRaises(ValueError):
            storage.url("css/missing.css")
