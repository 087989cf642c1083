"""Users see where they are signed in, and end it there."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from portal import own_sessions
from portal.models import AuditEvent, UserSession
from portal.sessions import handle, stored_key
from tests.base import PortalTestCase, make_user
from tests.support.html import parsed, texts, words

PAGE, LEFT = "/accounts/sessions/", "/accounts/sessions/left/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0"
PASSWORD = "a passphrase of these tests"  # of nobody


class OwnSessionsTest(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.olga, cls.vic = make_user("olga"), make_user("vic")
        cls.olga.set_password(PASSWORD)
        cls.olga.save()

    def setUp(self) -> None:
        self.client.force_login(self.olga)
        self.laptop = self.client_class(headers={"User-Agent": FIREFOX}, REMOTE_ADDR="192.0.2.7")
        self.laptop.post("/accounts/login/", {"username": "olga", "password": PASSWORD})
        self.of_vic = self.client_class()
        self.of_vic.force_login(self.vic)

    def row_of(self, client: Client) -> UserSession:
        return UserSession.objects.get(pk=stored_key(client.cookies["__Host-session"].value))

    def end(self, which: str) -> HttpResponse:
        return self.client.post(PAGE, {"end": which}, follow=True)

    def is_signed_in(self, client: Client) -> bool:
        return client.get("/preferences/").status_code == 200

    def test_g04_the_list_shows_this_session_first_with_browser_address_and_times(self) -> None:
        page = parsed(self.client.get(PAGE))
        own, laptop = page.select("main tbody tr")
        self.assertIn("This session", words(own))
        self.assertRegex(words(laptop), r"Firefox on Windows 192\.0\.2\.7 .* UTC .* ago|just now")
        self.assertEqual(laptop.button["aria-label"], "Sign out Firefox on Windows, 192.0.2.7")
        self.assertEqual(own.button["form"], "account")
        self.assertEqual(texts(str(page), "#user-menu a[href='/accounts/sessions/']"), ["Sessions"])

    def test_no_page_holds_a_key_of_a_session(self) -> None:
        page = self.client.get(PAGE).content.decode()
        for cookie in (each.cookies["__Host-session"].value for each in (self.client, self.laptop)):
            self.assertNotIn(cookie, page)
            self.assertNotIn(stored_key(cookie), page)

    def test_g04_one_session_is_ended_and_recorded(self) -> None:
        answer = self.end(handle(self.row_of(self.laptop)))
        self.assertContains(answer, "Signed out “<bdi>Firefox on Windows, 192.0.2.7</bdi>”.")
        self.assertEqual([self.is_signed_in(each) for each in (self.laptop, self.client)], [False, True])
        event = AuditEvent.objects.latest("pk")
        self.assertEqual((event.action, event.actor_name, event.object_name), ("user.sessions_ended", "olga", "olga"))
        self.assertEqual(event.detail, {"sessions": "Firefox on Windows, 192.0.2.7"})

    def test_g04_all_others_are_ended_and_nobody_elses(self) -> None:
        self.client_class().force_login(self.olga)
        self.assertContains(self.end("others"), "Signed out 2 other sessions.")
        others = (self.laptop, self.client, self.of_vic)
        self.assertEqual([self.is_signed_in(each) for each in others], [False, True, True])
        self.assertContains(self.end("others"), "Signed out 0 other sessions.")
        self.assertNotContains(self.client.get(PAGE), "Sign out all others")

    def test_what_is_no_own_session_ends_nothing(self) -> None:
        events = AuditEvent.objects.count()
        for name in (handle(self.row_of(self.of_vic)), self.row_of(self.laptop).pk, "", "\0", "é"):
            self.assertContains(self.end(name), "That session had already ended.")
        self.assertEqual((Session.objects.count(), AuditEvent.objects.count()), (3, events))

    def test_more_sessions_than_a_page_shows_are_counted(self) -> None:
        for _ in range(4):
            self.client_class().force_login(self.olga)
        with mock.patch.object(own_sessions, "SHOWN", 3), self.assertNumQueries(7):
            page = self.client.get(PAGE)
        self.assertContains(page, "2 more.")
        self.assertEqual(len(parsed(page).select("main tbody tr")), 4)

    def left(self, method: str = "GET") -> dict[str, object]:
        return dict(self.client.generic(method, LEFT, headers={"Accept": "application/json"}).json())

    def test_f49_asking_how_long_it_lasts_is_no_use_of_the_session_and_a_press_is(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.client.force_login(self.olga)
            self.assertEqual(self.left(), {"seconds": 1800, "last": False})
            for _ in range(14):
                clock.shift(timedelta(minutes=2))
                self.left()
            self.assertEqual(self.left(), {"seconds": 120, "last": False})
            self.assertEqual(self.left("POST"), {"seconds": 1800, "last": False})
            clock.shift(timedelta(minutes=29))
            self.assertEqual(self.left(), {"seconds": 60, "last": False})
            clock.shift(timedelta(minutes=1))
            self.assertEqual(self.left()["code"], "sign_in_required")

    def test_g04_use_does_not_make_a_session_last_longer_than_twelve_hours(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.client.force_login(self.olga)
            for _ in range(28):
                clock.shift(timedelta(minutes=25))
                self.left("POST")
            self.assertEqual(self.left("POST"), {"seconds": 1200, "last": True})
            clock.shift(timedelta(minutes=20))
            self.assertFalse(self.is_signed_in(self.client))

    def test_a_page_knows_how_long_the_session_lasts(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.client.force_login(self.olga)
            clock.shift(timedelta(seconds=59))
            shown = parsed(self.client.get(PAGE)).select_one("#session-end")
            self.assertEqual(shown["data-left"], "1741")

    def test_last_seen_is_written_at_most_once_a_minute(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.client.force_login(self.olga)
            seen = set()
            for _ in range(13):
                clock.shift(timedelta(seconds=10))
                self.client.get("/preferences/")
                seen.add(self.row_of(self.client).seen_at)
            self.assertEqual(len(seen), 3)

    def test_an_account_of_the_same_name_begins_without_sessions(self) -> None:
        User.objects.filter(username="olga").delete()
        self.assertFalse(self.is_signed_in(self.laptop))
