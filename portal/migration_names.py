"""Which migrations this version of the portal has, and which of them a database has seen, by name.

Django's `MigrationLoader` imports every migration and builds their graph: 35 ms, and memory that each worker copies.
"""

from __future__ import annotations

import functools
from pathlib import Path

from django.apps import apps
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder


@functools.cache
def of_this_version() -> frozenset[tuple[str, str]]:
    """App label and name of each migration that this version has."""
    return frozenset(
        (app.label, file.stem)
        for app in apps.get_app_configs()
        for file in Path(app.path, "migrations").glob("[!_]*.py")
    )


def applied() -> set[tuple[str, str]]:
    """App label and name of each migration that the database has seen; none if it has no table of them."""
    return set(MigrationRecorder(connection).applied_migrations())
