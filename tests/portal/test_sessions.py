"""Which changes to an account end its sessions."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any
from unittest import mock

from django.contrib.auth.models import Group, User
from django.core.management import call_command

from portal.models import AuditEvent
from portal.sessions import of_user
from tests.base import PortalTestCase

PASSWORD = "correct horse battery staple"  # of these tests


class EndedSessionsTest(PortalTestCase):
    """Sue edits Olga, who is signed in."""

    def setUp(self) -> None:
        self.olga = self.sign_in("olga")
        self.admin = self.client_class()
        User.objects.create_superuser("root", password=PASSWORD)
        self.admin.force_login(User.objects.get(username="root"))

    def edit(self, user: User, roles: list[str], **fields: Any) -> None:
        data = {
            "username": user.username,
            "groups": list(Group.objects.filter(name__in=roles).values_list("pk", flat=True)),
            **{name: "on" for name, value in {"is_active": True, **fields}.items() if value},
        }
        response = self.admin.post(f"/admin/auth/user/{user.pk}/change/", data)
        self.assertEqual(response.status_code, 302, response.content[:3000])

    def status(self) -> int:
        return self.client.get("/service-edge-keys/").status_code

    def test_a_deactivated_account_that_comes_back_has_no_session(self) -> None:
        self.assertEqual(self.status(), 200)
        self.edit(self.olga, ["Operator"], is_active=False)
        self.edit(self.olga, ["Operator"], is_active=True)
        self.assertEqual(self.status(), 302)

    def test_the_loss_of_a_role_ends_sessions_and_a_new_one_does_not(self) -> None:
        self.edit(self.olga, ["Operator", "Auditor"])
        self.assertEqual(self.status(), 200)
        self.edit(self.olga, ["Auditor"])
        self.assertEqual(self.status(), 302)

    def test_the_loss_of_superuser_rights_ends_sessions(self) -> None:
        self.edit(self.olga, ["Operator"], is_superuser=True)
        self.assertEqual(self.status(), 200)
        self.edit(self.olga, ["Operator"])
        self.assertEqual(self.status(), 302)

    def test_a_new_password_ends_sessions(self) -> None:
        fields = {
            "usable_password": "true",
            "password1": "quite another passphrase",
            "password2": "quite another passphrase",
        }
        response = self.admin.post(f"/admin/auth/user/{self.olga.pk}/password/", fields)
        self.assertEqual(response.status_code, 302, response.content[:3000])
        self.assertFalse(of_user(self.olga).exists())
        self.assertEqual(AuditEvent.objects.filter(action="user.sessions_ended", object_name="olga").count(), 1)
        self.assertEqual(self.status(), 302)

    def test_g04_whatever_changes_an_account_ends_its_sessions(self) -> None:
        operator = Group.objects.get(name="Operator")
        lost: dict[str, Callable[[], Any]] = {
            "role": lambda: self.olga.groups.remove(operator),
            "roles": lambda: self.olga.groups.set([]),
            "member": lambda: operator.user_set.remove(self.olga),
            "members": operator.user_set.clear,
            "password": lambda: call_command("changepassword", "olga", stdout=StringIO()),
            "account": lambda: User.objects.filter(pk=self.olga.pk).update(is_active=False),
            "the role itself": operator.delete,
        }
        for what, lose in lost.items():
            with self.subTest(what):
                User.objects.filter(pk=self.olga.pk).update(is_active=True)
                self.olga.refresh_from_db()
                self.olga.groups.add(operator)
                self.client.force_login(self.olga)
                self.assertEqual(self.status(), 200)
                with mock.patch("getpass.getpass", return_value="quite another passphrase"):
                    lose()
                # Before the next request, in which Django itself ends a session whose password hash is another.
                self.assertEqual(of_user(self.olga).exists(), what == "account")
                self.assertEqual(self.status(), 302)

    def test_g04_the_change_that_ends_sessions_is_recorded_with_them(self) -> None:
        self.edit(self.olga, ["Viewer"])
        event = AuditEvent.objects.get(action="user.sessions_ended")
        self.assertEqual((event.actor_name, event.interface, event.object_name), ("root", "support", "olga"))
        self.assertEqual(event.detail, {"sessions": "Unknown browser"})
        self.edit(self.olga, ["Viewer", "Auditor"])
        self.assertEqual(AuditEvent.objects.filter(action="user.sessions_ended").count(), 1)

    def test_an_edit_of_the_name_ends_nothing(self) -> None:
        self.edit(self.olga, ["Operator"], first_name="Olga")
        self.assertEqual(self.status(), 200)

    def test_who_gives_away_a_role_of_his_own_is_signed_out_without_an_error(self) -> None:
        sue = User.objects.create_superuser("sue", password="a passphrase of sue")
        self.admin.force_login(sue)
        self.edit(sue, ["Viewer"])
        self.assertEqual(self.admin.get("/service-edge-keys/").status_code, 302)
