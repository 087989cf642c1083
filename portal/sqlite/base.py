"""Detection of SQLite's features in a memory database instead of the portal's file.

Django runs a query on the file to detect JSON support. While the file is locked that query fails, and Django then
refuses to start because JSON is missing.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from django.db.backends.sqlite3 import base, features
from django.utils.functional import cached_property


class DatabaseFeatures(features.DatabaseFeatures):
    """Django's features, detected without a lock on the portal's file."""

    @cached_property
    def supports_json_field(self) -> bool:  # type: ignore[override]  # Django's is a cached property too
        with closing(sqlite3.connect(":memory:")) as memory:
            try:
                memory.execute("SELECT json('{}')")
            except sqlite3.OperationalError:
                return False
        return True


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection with these features."""

    features_class = DatabaseFeatures
