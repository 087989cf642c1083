"""The tags of texts that people write."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.test import SimpleTestCase

pytestmark = pytest.mark.once


class Tags(SimpleTestCase):
    def test_a_short_text_and_a_long_heading(self) -> None:
        page = Template("{% load texts %}{% text short '/x/' %}{% heading long %}<a{{ short|title_if_long }}>")
        shown = page.render(Context({"short": "<Oslo>", "long": "w" * 81}))
        self.assertTrue(
            shown.startswith(f'<a href="/x/"><bdi>&lt;Oslo&gt;</bdi></a><h1 class="long" title="{"w" * 81}">')
        )
        self.assertTrue(shown.endswith("</summary></details><a>"))
