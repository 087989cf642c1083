"""Across modules: concurrent changes of certificates, on both databases. See `tests.keys.certificate_races`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.enrollment.live import PostgresqlPortalTestCase, SqlitePortalTestCase


class Races:
    """Run on each database by a class below."""

    def test_nothing_is_done_twice_and_nothing_hangs_in_the_air(self: Any) -> None:
        """F27: also the last step of the wizard, sent twice at the same moment, makes one key and one group."""
        script = "from tests.keys import certificate_races; certificate_races.main()"
        results = json.loads(self.portal.manage("shell", "--verbosity", "0", "-c", script))
        self.assertEqual(sorted(results["completions"]), ["", *["AlreadyComplete"] * 3])
        for result in results["takings"]:
            self.assertIn(result, [["", "InUse"], ["Invalid", ""]])
        self.assertIn(sorted(results["uploads"]), [["", "BadCertificate"], ["", "Invalid"]])
        self.assertEqual(sorted(results["double_submits"]), ["", *["SentBefore"] * 3])
        twice = results["wizard_submits"]
        self.assertEqual((twice["raised"], twice["made"], twice["named"]), (["", ""], [1, 1], [True, True]))
        self.assertEqual(twice["headings"], ["Key ready", "Key “ made at once ” was made"])
        self.assertEqual(self.value("SELECT COUNT(*) FROM keys_signingcertificate WHERE common_name LIKE 'Twice%'"), 2)


@pytest.mark.once
class SqliteRaceTests(Races, SqlitePortalTestCase):
    pass


@pytest.mark.once
class PostgresqlRaceTests(Races, PostgresqlPortalTestCase):
    pass
