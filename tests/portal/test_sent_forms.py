"""A form that creates something is accepted once, by its user and its content."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import time_machine
from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils import timezone

from portal import housekeeping, sent_forms
from portal.models import SentForm
from tests.base import PortalTestCase


def digest(content: str, user: int = 1) -> str:
    request = SimpleNamespace(POST=QueryDict(content), user=SimpleNamespace(pk=user))
    return sent_forms.digest_of(request)  # type: ignore[arg-type]  # all that it reads


class DigestTest(PortalTestCase):
    def test_the_same_form_has_the_same_digest_whatever_its_page_adds(self) -> None:
        self.assertEqual(digest("name=a&form_token=t&x=1&x=2"), digest("form_token=t&x=1&x=2&name=a"))
        self.assertEqual(digest("name=a"), digest("name=a&csrfmiddlewaretoken=other&back=q%3Dx"))

    def test_another_user_token_or_value_is_another_form(self) -> None:
        others = [digest("name=a&form_token=t", user=2), digest("name=a&form_token=u"), digest("name=b&form_token=t")]
        self.assertEqual(len({digest("name=a&form_token=t"), *others}), 4)
        self.assertNotEqual(digest("x=1&x=2"), digest("x=2&x=1"))

    def test_no_content_breaks_it(self) -> None:
        for content in ("", "name=%00", "name=%ff", "name=%ed%a0%80"):
            self.assertEqual(len(digest(content)), 64)


class AcceptTest(PortalTestCase):
    def test_the_second_time_names_what_the_first_made(self) -> None:
        user = User.objects.create_user("made")
        sent_forms.made(sent_forms.accept("d"), user)
        with self.assertRaises(sent_forms.SentBefore) as raised:
            sent_forms.accept("d")
        self.assertEqual((raised.exception.sent.made_id, raised.exception.sent.made_name), (str(user.pk), "made"))
        self.assertIn("“made” was made", str(raised.exception))

    def test_without_a_digest_nothing_is_noted(self) -> None:
        self.assertIsNone(sent_forms.accept(""))
        self.assertFalse(SentForm.objects.exists())

    def test_housekeeping_removes_it_after_its_time(self) -> None:
        sent_forms.accept("d")
        for age, count in ((sent_forms.KEPT_FOR - timedelta(minutes=1), 1), (sent_forms.KEPT_FOR, 0)):
            with time_machine.travel(timezone.now() + age):
                housekeeping.run()
            self.assertEqual(SentForm.objects.count(), count)
