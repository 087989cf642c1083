"""The names are those that Django's loader finds by importing every migration."""

import pytest
from django.db.migrations.loader import MigrationLoader
from django.test import SimpleTestCase

from portal import migration_names

pytestmark = pytest.mark.once


class NamesTest(SimpleTestCase):
    def test_they_are_those_of_djangos_loader(self) -> None:
        self.assertEqual(migration_names.of_this_version(), set(MigrationLoader(None).disk_migrations))
