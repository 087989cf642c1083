"""The `notice` tag: a box with the icon of its tone beside its content."""

from __future__ import annotations

from django.template import Context, Template
from django.test import SimpleTestCase

from tests.support.html import the, words


class NoticeTests(SimpleTestCase):
    def test_the_tone_chooses_the_icon_and_the_content_is_escaped_once(self) -> None:
        for tone, icon in (("warning", "triangle-alert"), ("quiet", "info")):
            source = "{% load notices %}{% notice tone %}<p>{{ text }} &amp; so</p>{% endnotice %}"
            box = the(Template(source).render(Context({"tone": tone, "text": "<b>"})), f"div.notice.{tone}[role=note]")
            self.assertTrue(str(box.select_one("use")["href"]).endswith(f"#{icon}"))
            self.assertEqual(words(box.select_one("p")), "<b> & so")
