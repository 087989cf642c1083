"""Passwords are hashed one at a time, with bounded memory and a bounded wait."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from django.contrib.auth.hashers import Argon2PasswordHasher, identify_hasher, make_password
from django.contrib.auth.models import User
from django.test import SimpleTestCase, override_settings

from portal import password_hashing, settings
from portal.models import SignInLock
from tests.base import PortalTestCase

PASSWORD = "correct horse battery staple"  # of these tests
IN_PRODUCTION = override_settings(PASSWORD_HASHERS=settings.PASSWORD_HASHERS)


class OldHasher(Argon2PasswordHasher):
    """Django's default parameters, which the portal used before."""


class TurnTest(SimpleTestCase):
    def test_one_is_hashed_at_a_time_and_each_in_the_end(self) -> None:
        now, most, guard = 0, 0, threading.Lock()

        def work(number: str) -> str:
            nonlocal now, most
            with guard:
                now += 1
                most = max(most, now)
            threading.Event().wait(0.01)
            with guard:
                now -= 1
            return number

        with ThreadPoolExecutor(16) as pool:
            done = list(pool.map(lambda number: password_hashing._in_turn(work, str(number)), range(16)))
        self.assertEqual((most, done), (password_hashing.AT_ONCE, [str(number) for number in range(16)]))

    @IN_PRODUCTION
    def test_a_hash_takes_at_most_46_mib(self) -> None:
        self.assertRegex(make_password("x"), r"^argon2\$argon2id\$v=19\$m=47104,t=1,p=1\$")


class BusyTest(PortalTestCase):
    def setUp(self) -> None:
        User.objects.create_user("ann", password=PASSWORD)

    def sign_in_as_ann(self, password: str = PASSWORD):
        return self.client.post("/accounts/login/", {"username": "ann", "password": password})

    def test_who_waits_too_long_gets_503_and_loses_no_attempt(self) -> None:
        with password_hashing._slots, mock.patch.object(password_hashing, "WAIT_SECONDS", 0.01):
            for _ in range(7):
                response = self.sign_in_as_ann()
                self.assertEqual((response.status_code, response["Retry-After"]), (503, "5"))
                self.assertContains(response, "Nothing was changed", status_code=503)
        self.assertFalse(SignInLock.objects.filter(failures__gt=0).exists())
        self.assertEqual(self.sign_in_as_ann().status_code, 302)

    @IN_PRODUCTION
    def test_an_old_hash_still_signs_in_and_is_renewed(self) -> None:
        User.objects.update(password=OldHasher().encode(PASSWORD, "some salt of this test"))
        self.assertEqual(self.sign_in_as_ann("wrong").status_code, 200)
        self.assertEqual(self.sign_in_as_ann().status_code, 302)
        stored = User.objects.get().password
        self.assertEqual(identify_hasher(stored).decode(stored)["memory_cost"], 47_104)
        self.client.logout()
        self.assertEqual(self.sign_in_as_ann().status_code, 302)
