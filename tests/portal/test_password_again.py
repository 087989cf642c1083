"""Show, Copy and Download ask for the password again, where the setting wants it, and then go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import override_settings
from django.utils import timezone

from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase, make_user
from tests.support.html import parsed, the

pytestmark = pytest.mark.once
PASSWORD = "a long password for the tests"
SCRIPT = {"Accept": "text/plain"}


@override_settings(PASSWORD_AGAIN_MINUTES=15)
class PasswordAgainTest(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, cls.text = factories.make_key("berlin", max_uses=5)
        cls.olga = make_user("olga")
        cls.olga.set_password(PASSWORD)
        cls.olga.save()

    def setUp(self) -> None:
        clock = time_machine.travel(timezone.now(), tick=False)
        self.clock = clock.start()
        self.addCleanup(clock.stop)
        self.client.force_login(self.olga)

    def post(self, what: str = "reveal", headers: dict[str, str] | None = None, **data: Any) -> HttpResponse:
        return self.client.post(f"{self.key.get_absolute_url()}{what}/", {"for": "show", **data}, headers=headers)

    def test_f50_a_recent_sign_in_is_a_check(self) -> None:
        self.clock.shift(timedelta(minutes=14, seconds=59))
        self.assertEqual(self.post().content.decode(), self.text)

    @override_settings(PASSWORD_AGAIN_MINUTES=0)
    def test_f50_without_the_setting_nothing_is_asked(self) -> None:
        self.clock.shift(timedelta(minutes=29))
        self.assertEqual(self.post().content.decode(), self.text)
        self.assertNotContains(self.client.get(self.key.get_absolute_url()), "ask-password")

    def test_f50_a_form_asks_and_then_goes_on_with_what_was_asked(self) -> None:
        self.clock.shift(timedelta(minutes=15))
        for what, data in (("reveal", {"for": "copy"}), ("download", {})):
            with self.subTest(what):
                page = self.post(what, **data)
                self.assertEqual(page.status_code, 403)
                self.assertNotContains(page, self.text[-20:], status_code=403)
                form = the(page, "main form")
                sent = {field["name"]: field["value"] for field in form.select("input[type=hidden][value]")}
                wrong = self.post(what, **{**sent, "password": "guessed"})
                self.assertContains(wrong, "This is not your password.", status_code=403)
                self.assertNotContains(wrong, "guessed", status_code=403)
                answer = self.post(what, **{**sent, "password": PASSWORD})
                self.assertEqual(answer.content.decode().strip(), self.text)
                self.clock.shift(timedelta(minutes=15))
        done = (
            AuditEvent.objects.filter(object_kind="key").exclude(action="key.created").values_list("action", flat=True)
        )
        self.assertEqual(sorted(done), ["key.copied", "key.downloaded"])

    def test_f50_after_the_check_nothing_is_asked_for_a_while(self) -> None:
        self.clock.shift(timedelta(minutes=15))
        self.post(password=PASSWORD)
        self.clock.shift(timedelta(minutes=14))
        self.assertEqual(self.post("download").content.decode(), f"{self.text}\n")

    def test_f50_a_script_gets_a_problem_document_and_sends_the_password_with_the_same(self) -> None:
        self.clock.shift(timedelta(minutes=15))
        for data, code in (({}, "required"), ({"password": ""}, "required"), ({"password": "guessed"}, "incorrect")):
            answer = self.post(headers=SCRIPT, **data)
            self.assertEqual((answer.status_code, answer.json()["code"]), (403, f"password_{code}"))
        self.assertEqual(self.post(headers=SCRIPT, password=PASSWORD).content.decode(), self.text)

    def test_f50_guesses_have_the_limits_of_sign_in(self) -> None:
        self.clock.shift(timedelta(minutes=15))
        for _ in range(5):
            self.post(password="guessed")
        answer = self.post(headers=SCRIPT, password=PASSWORD)
        self.assertEqual((answer.status_code, answer.json()["code"]), (403, "password_locked"))
        self.assertIn("Try again in 5 minutes", answer.json()["detail"])
        refused = AuditEvent.objects.filter(action="user.refused", actor_name="olga").values_list("reason", flat=True)
        self.assertEqual(list(refused.order_by("pk")), ["wrong_credentials"] * 5 + ["locked"])

    def test_f50_who_may_not_see_key_texts_is_not_asked(self) -> None:
        self.sign_in("vic")
        self.clock.shift(timedelta(minutes=15))
        self.assertContains(self.post(), "have access", status_code=403)
        self.assertIsNone(parsed(self.client.get(self.key.get_absolute_url())).select_one("#ask-password"))
