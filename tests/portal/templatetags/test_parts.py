"""Parts of the frame that requests share: each depends on its values and on the script prefix, and on nothing else."""

from __future__ import annotations

from django.template import Context, Template
from django.test import SimpleTestCase
from django.test.utils import override_script_prefix

from portal.templatetags import parts


class PartTest(SimpleTestCase):
    def shown(self, **values: object) -> str:
        tag = "{% load parts %}{% part 'includes/_user_entries.html' theme=theme themes=themes shortcuts=shortcuts %}"
        themes = (("light", "Light"), ("dark", "Dark"))
        return Template(tag).render(Context({"theme": "dark", "themes": themes, "shortcuts": True, **values}))

    def test_it_depends_on_each_value_and_on_the_script_prefix(self) -> None:
        plain = self.shown()
        self.assertEqual(plain.count('aria-pressed="true"'), 1)
        self.assertNotEqual(self.shown(theme="light"), plain)
        self.assertIn("shortcuts-button", plain)
        self.assertNotIn("shortcuts-button", self.shown(shortcuts=False))
        with override_script_prefix("/elsewhere/"):
            self.assertIn('"/elsewhere/preferences/"', self.shown())
        self.assertEqual(self.shown(), plain)

    def test_it_is_rendered_once(self) -> None:
        parts._rendered.cache_clear()
        for _ in range(3):
            self.shown()
        self.assertEqual(parts._rendered.cache_info().misses, 1)
