"""`manage.py restore_administrator` restores access after a lockout."""

from __future__ import annotations

import io
from unittest import mock

from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from portal import lockout
from portal.models import AuditEvent, SignInLock
from tests.base import PortalTestCase

PASSWORD = "correct horse battery staple"  # of these tests


class RestoreTest(PortalTestCase):
    def restore(self, password: str, *arguments: str) -> None:
        with mock.patch("sys.stdin", io.StringIO(password + "\n")):
            call_command("restore_administrator", *arguments, stderr=io.StringIO())

    def test_a_password_that_nobody_can_type_is_refused(self) -> None:
        for odd in ("\0", "\udcff"):
            with self.assertRaisesMessage(CommandError, "would refuse this password"):
                self.restore(PASSWORD + odd)
        self.assertFalse(User.objects.exists())

    def test_an_account_comes_back_with_a_new_password_and_without_locks(self) -> None:
        User.objects.create_user("admin", password=None, is_active=False)
        for _ in range(6):
            self.client.post("/accounts/login/", {"username": "admin", "password": "wrong"})
        self.restore(PASSWORD)
        self.assertEqual(SignInLock.objects.count(), 0)
        response = self.client.post("/accounts/login/", {"username": "admin", "password": PASSWORD})
        self.assertEqual(response.status_code, 302)
        self.assertEqual(self.client.get("/admin/auth/user/").status_code, 200)
        event = AuditEvent.objects.get(action="user.edited")
        self.assertEqual((event.object_name, event.detail["password"]), ("admin", "changed"))

    def test_a_new_account_is_made(self) -> None:
        self.restore(PASSWORD, "--username", "second")
        self.assertTrue(User.objects.get(username="second").is_superuser)

    def test_its_sessions_end(self) -> None:
        self.client.force_login(User.objects.create_superuser("admin", password=PASSWORD))
        self.restore("another passphrase of this test")
        self.assertEqual(self.client.get("/service-edge-keys/").status_code, 302)

    def test_a_bad_password_or_name_changes_nothing(self) -> None:
        for password, name in (("short", "admin"), ("", "admin"), (PASSWORD, "two words"), (PASSWORD, "")):
            with self.assertRaises(CommandError):
                self.restore(password, "--username", name)
        self.assertFalse(User.objects.exists())

    def test_the_limits_it_ends_are_those_of_sign_in(self) -> None:
        lockout.count_attempt("admin", "192.0.2.1")
        self.restore(PASSWORD)
        self.assertEqual(SignInLock.objects.count(), 0)
