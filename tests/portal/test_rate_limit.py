"""The rate limit counts per caller and window, forgets old windows, and has bounded memory."""

from __future__ import annotations

import threading

from django.test import SimpleTestCase

from portal import rate_limit
from portal.rate_limit import RateLimit


class RateLimitTests(SimpleTestCase):
    def setUp(self) -> None:
        self.now = 1_000.0
        self.limit = RateLimit(limit=3, seconds=60, clock=lambda: self.now)

    def count(self, caller: str, times: int) -> None:
        for _ in range(times):
            self.limit.count(caller)

    def test_below_the_limit_a_caller_may_try(self) -> None:
        self.count("a", 2)
        self.assertIsNone(self.limit.retry_after("a"))

    def test_at_the_limit_it_waits_for_the_rest_of_the_window(self) -> None:
        self.count("a", 3)
        self.assertEqual(self.limit.retry_after("a"), 60)
        self.now += 59.5
        self.assertEqual(self.limit.retry_after("a"), 1)
        self.now += 0.5
        self.assertIsNone(self.limit.retry_after("a"))

    def test_asking_counts_nothing(self) -> None:
        for _ in range(10):
            self.limit.retry_after("a")
        self.assertIsNone(self.limit.retry_after("a"))

    def test_callers_are_counted_apart(self) -> None:
        self.count("a", 3)
        self.assertIsNone(self.limit.retry_after("b"))

    def test_a_new_window_starts_from_nothing(self) -> None:
        self.count("a", 3)
        self.now += 60
        self.count("a", 2)
        self.assertIsNone(self.limit.retry_after("a"))
        self.count("a", 1)
        self.assertEqual(self.limit.retry_after("a"), 60)

    def test_events_within_a_window_do_not_prolong_it(self) -> None:
        self.count("a", 3)
        self.now += 30
        self.count("a", 5)
        self.assertEqual(self.limit.retry_after("a"), 30)

    def test_only_the_callers_counted_latest_are_remembered(self) -> None:
        self.count("first", 3)
        for number in range(rate_limit._MOST_CALLERS):
            self.limit.count(str(number))
        self.assertEqual(len(self.limit._windows), rate_limit._MOST_CALLERS)
        self.assertIsNone(self.limit.retry_after("first"))

    def test_threads_lose_no_count(self) -> None:
        limit = RateLimit(limit=8_000, seconds=60)
        threads = [threading.Thread(target=lambda: [limit.count("a") for _ in range(1_000)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertIsNotNone(limit.retry_after("a"))

    def test_reset_forgets_everybody(self) -> None:
        self.count("a", 3)
        self.limit.reset()
        self.assertIsNone(self.limit.retry_after("a"))
