"""Time zones: names, days with 23 and 25 hours, and a machine without zone data."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zoneinfo
from datetime import UTC, date, datetime
from pathlib import Path
from unittest import TestCase

import pytest

from portal import zones
from tests.support.live import ROOT


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Finding(TestCase):
    def test_a_zone_is_found_by_its_name_only(self):
        self.assertEqual(zones.name_of(zones.find("Europe/Berlin")), "Europe/Berlin")
        self.assertIs(zones.find("UTC"), UTC)
        rubbish = (
            "",
            "Berlin",
            "europe/berlin",
            "../../etc/passwd",
            "/etc/localtime",
            "Europe",
            "localtime",
            "Factory",
        )
        for name in (*rubbish, "posix/Europe/Berlin", "Europe/Berlin\0", "x" * 10_000, "Europe/Berlin "):
            self.assertIsNone(zones.find(name), name)

    def test_old_names_that_browsers_say_are_found_here(self):
        self.assertEqual(zones._RENAMED["Asia/Calcutta"], "Asia/Kolkata")
        for old, new in zones._RENAMED.items():
            self.assertIn(new, zones.names())
            self.assertIsNotNone(zones.find(old))

    def test_a_zone_is_described_by_name_and_short_name(self):
        self.assertIn(zones.described(zones.find("Asia/Kolkata")), "Asia/Kolkata (IST)")
        self.assertEqual(zones.described(UTC), "UTC")

    def test_a_zone_without_a_short_name_says_its_distance(self):
        for name, text, short in (
            ("America/Sao_Paulo", "2026-01-01T12:00+00:00", "UTC-03:00"),
            ("Asia/Kathmandu", "2026-01-01T12:00+00:00", "UTC+05:45"),
            ("Europe/Berlin", "2026-07-01T12:00+00:00", "CEST"),
            ("Europe/Berlin", "2026-12-01T12:00+00:00", "CET"),
        ):
            self.assertEqual(zones.abbreviation(zones.local(moment(text), zones.find(name))), short)


class Days(TestCase):
    def bounds(self, day: str, name: str) -> tuple[datetime, datetime]:
        zone = zones.find(name)
        return zones.start_of(date.fromisoformat(day), zone), zones.end_of(date.fromisoformat(day), zone)

    def test_a_day_begins_and_ends_by_the_clocks_there(self):
        for day, name, start, end in (
            ("2026-11-24", "UTC", "2026-11-24T00:00+00:00", "2026-11-25T00:00+00:00"),
            ("2026-11-24", "Europe/Berlin", "2026-11-23T23:00+00:00", "2026-11-24T23:00+00:00"),
            ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00+00:00", "2026-03-29T22:00+00:00"),  # 23 hours
            ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00+00:00", "2026-10-25T23:00+00:00"),  # 25 hours
            ("2024-09-08", "America/Santiago", "2024-09-08T04:00+00:00", "2024-09-09T03:00+00:00"),  # no midnight
            ("2024-04-06", "America/Santiago", "2024-04-06T03:00+00:00", "2024-04-07T04:00+00:00"),  # 23:30 twice
            ("2024-11-03", "America/Havana", "2024-11-03T04:00+00:00", "2024-11-04T05:00+00:00"),  # 00:30 twice
        ):
            self.assertEqual(self.bounds(day, name), (moment(start), moment(end)), (day, name))

    def test_the_first_and_the_last_day_there_is_break_nothing(self):
        for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"):
            for day in ("0001-01-01", "9999-12-31"):
                start, end = self.bounds(day, name)
                self.assertLess(start, end)
            for edge in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
                self.assertEqual(zones.local(edge, zones.find(name)), edge)


_HIDE_TZDATA = "import sys; sys.modules['tzdata'] = None;"


def on_a_machine(zone_data: str, program: str) -> list[str]:
    """The output of a program with another directory of zone data, in a new process because the data is read once.

    The package tzdata, which development tools bring and the portal does not, is hidden: importing it fails.
    """
    environment = {"PYTHONTZPATH": zone_data, "DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": ""}
    command = [
        sys.executable,
        "-c",
        f"{_HIDE_TZDATA} import django; django.setup(); from portal import zones; {program}",
    ]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.mark.once
def test_old_names_that_browsers_say_are_found_where_the_machine_has_only_new_ones(tmp_path: Path) -> None:
    system = next(Path(root) for root in zoneinfo.TZPATH if Path(root).is_dir())
    for new in zones._RENAMED.values():
        (tmp_path / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(system / new, tmp_path / new)
    program = "print(*(zones.name_of(zones.find(old)) for old in zones._RENAMED), sep='\\n')"
    assert on_a_machine(str(tmp_path), program) == list(zones._RENAMED.values())


@pytest.mark.once
def test_a_machine_without_zone_data_has_utc_and_serves() -> None:
    program = (
        "from datetime import datetime, UTC; from django.test import Client; from portal.times import stamp;"
        "from portal.preferences.forms import zone_choices;"
        "print(sorted(zones.names()), zones.find('Europe/Berlin'), stamp(datetime(2026, 1, 1, tzinfo=UTC)).text);"
        "print(zone_choices(''));"
        "client = Client(headers={'cookie': '__Host-zone=Europe/Berlin'});"
        "print(client.get('/accounts/login/', secure=True).status_code)"
    )
    assert on_a_machine("", program) == [
        "['UTC'] None 1 Jan 2026, 00:00 UTC",
        "[('', 'Browser default'), ('UTC', 'UTC')]",
        "200",
    ]
