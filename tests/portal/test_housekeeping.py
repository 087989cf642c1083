"""Housekeeping deletes expired sessions and sign-in locks and keeps the others."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from portal import housekeeping
from portal.models import SignInLock
from tests.base import PortalTestCase


class HousekeepingTest(PortalTestCase):
    def fail_to_sign_in(self, times: int = 1) -> None:
        for _ in range(times):
            self.client.post("/accounts/login/", {"username": "nobody", "password": "wrong"})

    def test_sessions_that_ended_are_removed_in_batches(self) -> None:
        ended = timezone.now() - timedelta(seconds=1)
        Session.objects.bulk_create(
            [Session(session_key=f"ended{number}", session_data="", expire_date=ended) for number in range(1_200)]
        )
        self.sign_in("vic")
        call_command("housekeeping")
        self.assertEqual(Session.objects.count(), 1)
        self.assertEqual(self.client.get("/service-edge-keys/").status_code, 200)

    def test_a_lock_is_removed_when_it_is_over_and_not_before(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.fail_to_sign_in(5)
            housekeeping.run()
            self.assertGreaterEqual(SignInLock.objects.count(), 1)
            clock.shift(timedelta(minutes=15))
            housekeeping.run()
            self.assertEqual(SignInLock.objects.count(), 0)

    def test_what_a_clock_that_was_ahead_left_is_removed(self) -> None:
        with time_machine.travel(timezone.now() + timedelta(days=100), tick=False):
            self.fail_to_sign_in(5)
        housekeeping.run()
        self.assertEqual(SignInLock.objects.count(), 0)
