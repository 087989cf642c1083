"""A locked database still counts as one with JSON support."""

from __future__ import annotations

from django.core import checks
from django.db import connection

from tests.base import CommittedTestCase
from tests.support.database_conditions import half


class CheckTests(CommittedTestCase):
    def test_the_checks_find_no_error_while_another_program_writes(self) -> None:
        if connection.vendor != "sqlite":
            return
        with half()["being written"]():
            found = [each for each in checks.run_checks(databases=["default"]) if each.is_serious(checks.ERROR)]
        self.assertEqual(found, [])
