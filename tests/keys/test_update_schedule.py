"""The next update of a group: Python and SQL agree at every hour of a week and at its edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from keys.models import ServiceEdgeGroup
from keys.update_schedule import next_update, next_update_at
from tests.base import PortalTestCase

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)


class NextUpdate(PortalTestCase):
    def test_it_is_the_next_such_day_and_time_in_utc(self) -> None:
        group = ServiceEdgeGroup(upgrade_day="MONDAY", upgrade_seconds=900)
        quarter_past = MONDAY + timedelta(minutes=15)
        self.assertEqual(next_update(group, MONDAY), quarter_past)
        # At the very moment it is the one a week later.
        self.assertEqual(next_update(group, quarter_past), quarter_past + timedelta(days=7))
        elsewhere = MONDAY.astimezone(timezone(timedelta(hours=-8)))
        self.assertEqual(next_update(group, elsewhere), quarter_past)

    def test_the_database_finds_the_same(self) -> None:
        times = (0, 900, 66_600, 85_500)
        ServiceEdgeGroup.objects.bulk_create(
            ServiceEdgeGroup(
                name=f"{day} {second}", sort_name=f"{day} {second}", upgrade_day=day, upgrade_seconds=second
            )
            for day in ServiceEdgeGroup.Day.values
            for second in times
        )
        for hours in (0, 0.25, 12, 18.5, 24 * 3 + 1, 24 * 6 + 18.5, 24 * 7 - 0.001):
            now = MONDAY + timedelta(hours=hours)
            for group in ServiceEdgeGroup.objects.annotate(next_at=next_update_at(now)):
                with self.subTest(now=now, group=group.name):
                    self.assertEqual(datetime.fromtimestamp(group.next_at, UTC), next_update(group, now))
