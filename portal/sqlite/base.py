"""What SQLite can is asked of the library. Django asks the database, and takes one that is locked for one without JSON.

It would refuse to start, or to run a command, with that reason, and remember it for as long as the connection lives.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from django.db.backends.sqlite3 import base, features
from django.utils.functional import cached_property


class DatabaseFeatures(features.DatabaseFeatures):
    """Django's, without a write lock for a question about the library."""

    @cached_property
    def supports_json_field(self) -> bool:  # type: ignore[override]  # Django's is a cached property too
        with closing(sqlite3.connect(":memory:")) as memory:
            try:
                memory.execute("SELECT json('{}')")
            except sqlite3.OperationalError:
                return False
        return True


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of Django with these features."""

    features_class = DatabaseFeatures
