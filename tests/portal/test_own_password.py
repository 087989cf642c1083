"""Every user changes their own password: three fields, Django's validators, one audit event, other sessions end."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import time_machine
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.utils import timezone

from portal import accounts
from portal.models import AuditEvent
from portal.sessions import of_user
from tests.base import CAST, PortalTestCase
from tests.support.html import parsed

PAGE = "/accounts/password/"
OLD, NEW = "a long password for the tests", "another rather long password"


class OwnPasswordTest(PortalTestCase):
    def setUp(self) -> None:
        self.user = self.sign_in("vic")
        self.user.set_password(OLD)
        self.user.save()
        self.client.force_login(self.user)

    def change(self, old: str = OLD, new: str = NEW) -> HttpResponse:
        return self.client.post(PAGE, {"old_password": old, "new_password1": new, "new_password2": new})

    def test_it_is_changed_and_audited_without_the_password(self) -> None:
        self.assertRedirects(self.change(), "/preferences/")
        self.user.refresh_from_db()
        self.assertTrue(self.user.check_password(NEW))
        event = AuditEvent.objects.get(action="user.edited")
        self.assertEqual((event.actor_name, event.object_name, event.interface), ("vic", "vic", "portal"))
        self.assertEqual(event.detail, {"password": "changed"})

    def test_g04_this_session_goes_on_and_the_others_end(self) -> None:
        other = self.client_class()
        other.force_login(self.user)
        self.change()
        # At once, not only when Django notices that the password hash is another.
        self.assertEqual(of_user(self.user).count(), 1)
        self.assertTrue(AuditEvent.objects.filter(action="user.sessions_ended", object_name="vic").exists())
        self.assertEqual(self.client.get(PAGE).status_code, 200)
        self.assertEqual(other.get(PAGE).status_code, 302)
        self.assertTrue(Session.objects.exists())

    def test_a_wrong_old_or_a_weak_new_password_changes_nothing(self) -> None:
        for old, new in (("wrong", NEW), (OLD, "short"), (OLD, ""), (OLD, f"{NEW}\0")):
            with self.subTest(new=new):
                page = self.change(old, new)
                self.assertContains(page, "error-summary")
                self.assertNotContains(page, NEW)
        self.user.refresh_from_db()
        self.assertTrue(self.user.check_password(OLD))
        self.assertFalse(AuditEvent.objects.filter(action="user.edited").exists())

    def test_each_empty_field_has_its_own_sentence(self) -> None:
        page = parsed(self.client.post(PAGE))
        self.assertEqual(
            [each.get_text(strip=True) for each in page.select("#error-summary li")],
            ["Enter your current password.", "Enter a new password.", "Enter the new password again."],
        )

    def test_a_wrong_password_is_named_as_its_field_is(self) -> None:
        self.assertContains(self.change("wrong"), "This is not your current password.")

    def test_a_stolen_session_cannot_guess_the_password_without_limit(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            for _ in range(5):
                self.assertContains(self.change("guessed", "short"), "This is not your current password.")
            for guess in (OLD, "guessed"):
                self.assertContains(self.change(guess, "short"), "Too many attempts. Try again in 5 minutes.")
            self.assertContains(self.change(), "Too many attempts")
            clock.shift(timedelta(minutes=5, seconds=1))
            self.assertRedirects(self.change(), "/preferences/")

    def test_sign_in_and_this_page_share_the_limit(self) -> None:
        for _ in range(5):
            self.change("guessed")
        answer = self.client_class().post("/accounts/login/", {"username": "vic", "password": OLD})
        self.assertContains(answer, "Too many attempts")

    def test_no_address_of_admin_changes_it_without_the_current_one(self) -> None:
        user = self.sign_in("sue")
        hash_before = user.password
        for number in (f"{user.pk}", f"0{user.pk}", f"+{user.pk}", f"%20{user.pk}", f"{user.pk}%20"):
            with self.subTest(number):
                page = f"/admin/auth/user/{number}/password/"
                for answer in (self.client.get(page), self.client.post(page, {"password1": NEW, "password2": NEW})):
                    self.assertRedirects(answer, PAGE, fetch_redirect_response=False)
        user.refresh_from_db()
        self.assertEqual(user.password, hash_before)

    def test_guesses_are_recorded_without_what_was_typed(self) -> None:
        for number in range(14):
            self.change(f"guessed {number}")
        events = AuditEvent.objects.filter(action="user.refused").order_by("pk")
        # Rows a minute are limited, and the rest is counted: see `portal.audit`.
        self.assertEqual([event.reason for event in events], ["wrong_credentials"] * 5 + ["locked"] * 9)
        self.assertEqual(
            {(each.actor_name, each.object_name, each.outcome) for each in events}, {("vic", "vic", "refused")}
        )
        self.assertFalse(any(text in str(vars(event)) for event in events for text in ("guessed", NEW)))

    def test_without_its_event_the_password_stays(self) -> None:
        with (
            mock.patch.object(accounts, "record_new_password", side_effect=RuntimeError),
            self.assertRaises(RuntimeError),
        ):
            self.change()
        self.user.refresh_from_db()
        self.assertTrue(self.user.check_password(OLD))

    def test_every_role_finds_three_fields_in_its_own_menu(self) -> None:
        for name in CAST:
            with self.subTest(name):
                self.sign_in(name)
                page = parsed(self.client.get("/preferences/"))
                self.assertEqual([link.text for link in page.select(f'#user-menu a[href="{PAGE}"]')], ["Password"])
                fields = parsed(self.client.get(PAGE)).select("main input[type=password]")
                expected = ["old_password", "new_password1", "new_password2"]
                self.assertEqual([field["name"] for field in fields], expected)

    def test_the_pages_of_the_admin_lead_here(self) -> None:
        self.sign_in("sam")
        for path in ("/admin/password_change/", "/admin/password_change/done/"):
            self.assertRedirects(self.client.get(path), PAGE)

    def test_an_administrators_own_password_is_changed_here_too_never_without_the_current_one(self) -> None:
        for name in ("ada", "sue"):
            with self.subTest(name):
                own = f"/admin/auth/user/{self.sign_in(name).pk}/password/"
                fields = {"password1": NEW, "password2": NEW, "usable_password": "true"}
                self.assertRedirects(self.client.get(own), PAGE)
                self.assertRedirects(self.client.post(own, fields), PAGE)
        self.assertEqual(self.client.get(f"/admin/auth/user/{self.user.pk}/password/").status_code, 200)
