"""Indentation and blank lines of templates do not reach pages."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from django.template import Context, Engine
from django.test import SimpleTestCase


class TemplateLoaderTest(SimpleTestCase):
    def rendered(self, source: str) -> str:
        with TemporaryDirectory() as directory:
            (Path(directory) / "page.html").write_text(source)
            engine = Engine(dirs=[directory], loaders=["portal.template_loader.Loader"])
            return engine.get_template("page.html").render(Context({"lines": "typed\n\n  as it is"}))

    def test_each_line_begins_at_the_margin_and_none_is_empty(self) -> None:
        self.assertEqual(self.rendered("<ul>\n    <li>one  two\n\n  \n\t</ul>\n"), "<ul>\n<li>one  two\n</ul>\n")

    def test_pre_and_values_keep_their_white_space(self) -> None:
        page = "<pre class=x>\n  one\n\n    two</pre>\n  {{ lines }}"
        self.assertEqual(self.rendered(page), "<pre class=x>\n  one\n\n    two</pre>\ntyped\n\n  as it is")
