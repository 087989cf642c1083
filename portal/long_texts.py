"""Long names: up to three lines where others are beside them. The whole name is the title, and one click away."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.db.models import Model
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString

# Characters that take at most three lines in the narrowest column.
MOST = 60

# Without a script: the style sheet shows the whole text while the details are open.
_WHOLE = SafeString('<details class="whole"><summary><span>Show all</span><span>Show less</span></summary></details>')


def is_long(text: str) -> bool:
    """Whether a text may take more room than a row or a summary has."""
    return len(text) > MOST


def text_or_link(text: str, address: str = "") -> SafeString:
    """A name or another text of people, as a link if it has an address. Below a long one is what opens it.

    The text may be HTML already, such as one with a `<time>`.
    """
    title = title_of(html.unescape(strip_tags(text)) if isinstance(text, SafeString) else text)
    inner = format_html("<bdi>{}</bdi>", text)
    if address:
        inner = format_html('<a href="{}"{}>{}</a>', address, title, inner)
    elif title:
        inner = format_html("<span{}>{}</span>", title, inner)
    return inner + _WHOLE if title else inner


def heading(text: str) -> SafeString:
    """The name of a record as the heading of its page."""
    return format_html("<h1{}><bdi>{}</bdi></h1>{}", title_of(text), text, _WHOLE if is_long(text) else "")


def title_of(text: str) -> SafeString:
    """The attributes of an element whose long text is cut; empty for any other."""
    return format_html(' class="long" title="{}"', text) if is_long(text) else SafeString("")


def column(model: type[Model], field: str) -> Callable[[Any], str]:
    """A column of a support page's list, whose long texts are cut."""

    @admin.display(description=str(label_for_field(field, model)), ordering=field, empty_value="-")
    def cut(record: Any) -> str:
        text = str(getattr(record, field) or "")
        return format_html("<span{}>{}</span>", title_of(text), text) if is_long(text) else text

    cut.__name__ = field
    return cut
