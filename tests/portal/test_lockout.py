"""Limits on password guessing: what is counted, and that the owner can always sign in."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.contrib.auth.models import AnonymousUser, User
from django.test import RequestFactory, override_settings
from django.utils import timezone

from portal import lockout
from portal.models import KnownNetwork, SignInLock
from portal.sign_in import SignInForm
from tests.base import PortalTestCase

PASSWORD = "correct horse battery staple"  # of these tests
HOME = "192.0.2.1"


class GuessingTest(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        for name in ("ann", "bob"):
            User.objects.create_user(name, password=PASSWORD)

    def setUp(self) -> None:
        self.clock = self.enterContext(time_machine.travel(timezone.now(), tick=False))

    def attempt(self, password: str = "wrong", username: str = "ann", address: str = HOME) -> str:
        """The error on the page; empty when sign-in succeeds."""
        self.client.cookies.clear()
        fields = {"username": username, "password": password}
        response = self.client.post("/accounts/login/", fields, REMOTE_ADDR=address)
        return "" if response.status_code == 302 else str(response.context["form"].non_field_errors()[0])

    def guess(self, username: str = "ann", address: str = HOME) -> str:
        """The error of the form of the page, without the page: what it says to a wrong password."""
        fields = {"username": username, "password": "wrong"}
        request = RequestFactory().post("/accounts/login/", fields, REMOTE_ADDR=address, secure=True)
        request.user = AnonymousUser()
        return str(SignInForm(request, request.POST).non_field_errors()[0])

    def spread(self, attempts: int) -> list[str]:
        """Guesses with one user name, each from a different network."""
        return [self.guess(address=f"198.51.{number}.9") for number in range(attempts)]

    def test_the_form_alone_says_and_counts_what_the_page_does(self) -> None:
        """The guesses alternate: with a count for each, neither would reach the limit."""
        turns = [self.attempt, self.guess]
        said = [turns[number % 2](username="ann") for number in range(lockout.OF_NAME_AND_NETWORK.attempts + 2)]
        self.assertEqual(["is not right" in each for each in said], [True] * (len(said) - 2) + [False] * 2)
        self.assertEqual(len(set(said)), 2)

    def test_many_networks_together_get_a_few_guesses_at_a_name(self) -> None:
        said = self.spread(40)
        self.assertEqual(sum("is not right" in each for each in said), lockout.OF_NAME.attempts)
        self.assertIn("Too many attempts", self.attempt(PASSWORD, address="198.51.99.9"))

    def test_they_cannot_lock_out_the_owner_where_he_signed_in_before(self) -> None:
        self.assertEqual(self.attempt(PASSWORD), "")
        self.spread(40)
        self.assertEqual(self.attempt(PASSWORD), "")
        self.assertEqual(self.attempt(PASSWORD, address="192.0.2.200"), "", "the same network")
        self.clock.shift(timedelta(days=100))
        self.spread(40)
        self.assertEqual(self.attempt(PASSWORD), "")

    def test_a_network_is_forgotten_half_a_year_after_the_last_sign_in(self) -> None:
        self.assertEqual(self.attempt(PASSWORD), "")
        self.clock.shift(lockout.KNOWN_FOR + timedelta(seconds=1))
        self.spread(40)
        self.assertIn("Too many attempts", self.attempt(PASSWORD))

    def test_the_limit_of_a_name_ends(self) -> None:
        self.spread(40)
        self.clock.shift(timedelta(minutes=10, seconds=1))
        self.assertEqual(self.attempt(PASSWORD), "")

    def test_a_clock_that_is_a_little_behind_ends_no_limit(self) -> None:
        """The clock of another host, or the time at which an attempt began to wait."""
        self.spread(lockout.OF_NAME.attempts)
        self.clock.shift(timedelta(milliseconds=-200))
        self.assertIn("Too many attempts. Try again in 10 minutes", self.attempt(address="198.51.99.9"))
        self.clock.shift(timedelta(milliseconds=400))
        self.assertIn("Too many attempts", self.attempt(address="198.51.99.9"))

    def test_no_more_than_100_guesses_an_hour_at_a_name(self) -> None:
        judged, tried, end = 0, 0, timezone.now() + timedelta(hours=1)
        while timezone.now() < end:
            is_judged = "is not right" in self.guess(address=f"198.51.{tried}.9")
            judged, tried = judged + is_judged, tried + 1
            self.clock.shift(timedelta(seconds=10 if is_judged else 60))
        self.assertLessEqual(judged, 100)
        self.assertGreater(judged, lockout.OF_NAME.attempts)

    def test_one_network_gets_a_bounded_number_of_guesses_at_all_names(self) -> None:
        said = [self.guess(username=f"name{number}", address="198.51.100.7") for number in range(100)]
        self.assertEqual(sum("is not right" in each for each in said), lockout.OF_NETWORK.attempts)
        self.assertIn("network you have signed in from before", self.attempt(PASSWORD, address="198.51.100.8"))
        self.assertEqual(self.attempt(PASSWORD), "")

    def test_who_signed_in_from_there_is_not_bound_by_his_neighbors(self) -> None:
        self.assertEqual(self.attempt(PASSWORD), "")
        for number in range(100):
            self.guess(username=f"name{number}")
        self.assertEqual(self.attempt(PASSWORD), "")
        self.assertIn("Too many attempts", self.attempt(PASSWORD, username="bob"))

    def test_a_network_that_signs_in_is_no_network_that_guesses(self) -> None:
        names = [f"user{number}" for number in range(lockout.OF_NETWORK.attempts + 20)]
        User.objects.bulk_create(
            User(username=name, password=User.objects.get(username="ann").password) for name in names
        )
        for name in names:
            self.assertEqual(self.attempt(PASSWORD, username=name), "")

    def test_success_gives_one_attempt_back_and_not_those_of_others(self) -> None:
        for number in range(lockout.OF_NETWORK.attempts - 1):
            self.guess(username=f"name{number}", address="198.51.100.7")
        for _ in range(3):
            self.assertEqual(self.attempt(PASSWORD, address="198.51.100.7"), "")
        self.assertIn("is not right", self.attempt(username="name", address="198.51.100.7"))
        self.assertIn("Too many attempts", self.attempt(PASSWORD, username="bob", address="198.51.100.7"))

    def test_an_incomplete_form_is_no_attempt(self) -> None:
        self.client.post("/accounts/login/", {"username": "ann", "password": ""})
        self.assertEqual(SignInLock.objects.count(), 0)

    def test_the_tables_hold_no_digest_that_anybody_could_try_names_against(self) -> None:
        self.attempt()
        self.attempt(PASSWORD, address="203.0.113.9")
        kept = {
            *SignInLock.objects.values_list("subject", flat=True),
            *KnownNetwork.objects.values_list("network", flat=True),
        }
        with override_settings(SECRET_KEY="another secret key that is just as long as the first one"):
            self.attempt()
            self.attempt(PASSWORD, address="203.0.113.9")
        again = {
            *SignInLock.objects.values_list("subject", flat=True),
            *KnownNetwork.objects.values_list("network", flat=True),
        }
        self.assertTrue(kept)
        self.assertEqual(len(again), 2 * len(kept))

    def test_a_network_stays_known_while_the_secret_key_is_changed(self) -> None:
        from django.conf import settings

        self.assertEqual(self.attempt(PASSWORD), "")
        with override_settings(SECRET_KEY="x" * 60, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
            self.spread(40)
            self.assertEqual(self.attempt(PASSWORD), "")

    def test_a_lock_of_a_clock_that_was_ahead_ends_with_it(self) -> None:
        self.clock.shift(timedelta(days=100))
        for _ in range(6):
            self.attempt()
        self.clock.shift(timedelta(days=-100))
        self.assertEqual(self.attempt(PASSWORD), "")
