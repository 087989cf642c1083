"""Somebody who can manage users is always left, whatever is done in /admin/."""

from __future__ import annotations

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import connection, transaction

from portal import accounts
from portal.models import AuditEvent
from portal.refusals import Invalid
from tests.base import CommittedTestCase, PortalTestCase
from tests.factories import ACTOR

PASSWORD = "correct horse battery staple"  # of these tests
SENTENCE = "last active superuser"


class LastSuperuserTest(PortalTestCase):
    def setUp(self) -> None:
        self.sue = User.objects.create_superuser("sue", password=PASSWORD)
        self.client.force_login(self.sue)

    def edit(self, user: User, *roles: str, **fields: Any) -> Any:
        groups = list(Group.objects.filter(name__in=roles).values_list("pk", flat=True))
        data = {"username": user.username, "groups": groups}
        data |= {name: "on" for name, value in {"is_active": True, "is_superuser": True, **fields}.items() if value}
        return self.client.post(f"/admin/auth/user/{user.pk}/change/", data)

    def delete(self, user: User) -> Any:
        return self.client.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})

    def without_password(self, user: User) -> Any:
        return self.client.post(f"/admin/auth/user/{user.pk}/password/", {"usable_password": "false"})

    def assert_kept(self) -> None:
        sue = User.objects.get(username="sue")
        self.assertTrue(sue.is_active and sue.is_superuser and sue.has_usable_password())
        done = AuditEvent.objects.filter(action__in=["user.edited", "user.deleted"], outcome="success")
        self.assertFalse(done.exists())

    def test_e09_he_is_not_demoted(self) -> None:
        self.assertContains(self.edit(self.sue, "Administrator", is_superuser=False), SENTENCE)
        self.assert_kept()

    def test_he_is_not_deactivated(self) -> None:
        self.assertContains(self.edit(self.sue, is_active=False), SENTENCE)
        self.assert_kept()

    def test_he_is_not_deleted(self) -> None:
        self.assertContains(self.delete(self.sue), SENTENCE, status_code=409)
        self.assert_kept()

    def test_there_is_no_deletion_of_many(self) -> None:
        data = {"action": "delete_selected", "_selected_action": [self.sue.pk], "post": "yes"}
        self.client.post("/admin/auth/user/", data)
        self.assert_kept()

    def test_his_password_is_not_taken(self) -> None:
        self.assertRedirects(self.without_password(self.sue), "/accounts/password/")
        self.assert_kept()
        # Whoever has no password could not sign in again either.
        self.client.force_login(User.objects.create_superuser("idle", password=None))
        self.assertContains(self.without_password(self.sue), SENTENCE)
        self.assert_kept()
        refused = AuditEvent.objects.filter(action="user.edited").values_list("actor_name", "object_name", "reason")
        self.assertEqual(list(refused), [("idle", "sue", "last_administrator")])

    def test_one_who_cannot_sign_in_is_no_other_one(self) -> None:
        User.objects.create_superuser("idle", password=None)
        User.objects.create_superuser("gone", password=PASSWORD, is_active=False)
        self.assertContains(self.edit(self.sue, is_superuser=False), SENTENCE)
        self.assertContains(self.delete(self.sue), SENTENCE, status_code=409)
        self.assert_kept()

    def test_with_another_one_all_of_it_is_done(self) -> None:
        for number, change in enumerate((self.delete, self.without_password)):
            other = User.objects.create_superuser(f"other{number}", password=PASSWORD)
            self.assertEqual(change(other).status_code, 302)
        other = User.objects.create_superuser("other", password=PASSWORD)
        self.assertEqual(self.edit(other, is_superuser=False).status_code, 302)
        self.assertEqual(self.edit(other, is_superuser=False, is_active=False).status_code, 302)

    def test_he_may_delete_himself_where_another_one_is_left(self) -> None:
        User.objects.create_superuser("other", password=PASSWORD)
        self.assertEqual(self.delete(self.sue).status_code, 302)
        self.assertEqual(self.client.get("/service-edge-keys/").status_code, 302)

    def test_the_last_administrator_is_kept_where_there_is_no_superuser(self) -> None:
        User.objects.all().delete()
        ada = User.objects.create_user("ada", password=PASSWORD, is_staff=True)
        ada.groups.add(Group.objects.get(name="Administrator"))
        self.client.force_login(ada)
        self.assertContains(self.edit(ada, "Viewer", is_superuser=False), SENTENCE)
        self.assertContains(self.edit(ada, "Administrator", is_superuser=False, is_active=False), SENTENCE)
        self.assertContains(self.delete(ada), SENTENCE, status_code=409)
        self.assertEqual(self.edit(ada, "Administrator", "Viewer", is_superuser=False).status_code, 302)


@unittest.skipUnless(connection.vendor == "postgresql", "SQLite has one writer at a time")
class TwoAdministratorsTest(CommittedTestCase):
    def test_e09_one_of_two_who_demote_each_other_is_refused(self) -> None:
        users = [User.objects.create_superuser(name, password=PASSWORD) for name in ("ann", "bob")]
        both = threading.Barrier(2)

        def demote(user: User) -> str:
            try:
                with transaction.atomic():
                    both.wait(10)
                    accounts.require_another_administrator(user)
                    user.is_superuser = False
                    user.save(update_fields=["is_superuser"])
                return "demoted"
            except accounts.LastAdministrator:
                return "refused"
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            self.assertEqual(sorted(pool.map(demote, users)), ["demoted", "refused"])
        self.assertEqual(User.objects.filter(is_superuser=True, is_active=True).count(), 1)


class PasswordsAndNamesTest(PortalTestCase):
    def test_the_operations_refuse_a_weak_password_and_a_bad_name(self) -> None:
        user = self.sign_in("ada")
        stored = user.password
        for act, field in (
            (lambda: accounts.change_own_password(user, "12345678", session="", actor=ACTOR), "password"),
            (lambda: accounts.restore_administrator("new", "12345678", actor=ACTOR), "password"),
            (lambda: accounts.restore_administrator("a b", "correct horse battery", actor=ACTOR), "username"),
            (lambda: accounts.restore_administrator("a\0b", "correct horse battery", actor=ACTOR), "username"),
            (lambda: accounts.restore_administrator("", "correct horse battery", actor=ACTOR), "username"),
        ):
            with self.assertRaises(Invalid) as refused:
                act()
            self.assertEqual({fault.field for fault in refused.exception.faults}, {field})
        user.refresh_from_db()
        self.assertEqual((user.password, User.objects.count()), (stored, 1))

    def test_the_operations_refuse_a_password_that_nobody_can_type(self) -> None:
        user = self.sign_in("ada")
        stored = user.password
        good = "correct horse battery"
        for password in (None, 7, True, [], b"correct horse battery", f"{good}\0", f"{good}\ud800"):
            for act in (
                lambda password: accounts.change_own_password(user, password, session="", actor=ACTOR),
                lambda password: accounts.restore_administrator("ada", password, actor=ACTOR),
                lambda password: accounts.restore_administrator("new", password, actor=ACTOR),
            ):
                with self.subTest(password=password), self.assertRaises(Invalid) as refused:
                    act(password)
                self.assertEqual({fault.field for fault in refused.exception.faults}, {"password"})
        user.refresh_from_db()
        self.assertEqual((user.password, User.objects.count()), (stored, 1))
