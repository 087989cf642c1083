"""Long names: up to three lines where others are beside them. The whole name is the title, and one click away.

In a sentence only its beginning and its end are shown.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.db.models import Model
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.text import Truncator

# Characters that usually take at most three lines in the narrowest column, and two in a row of a list.
MOST, MOST_IN_ROW = 80, 60
# Characters that fit into one line of the narrowest column of a list, where the rows are low, and into two lines.
_MOST_IN_LINE, _MOST_IN_COLUMN = 10, 20
# Edges of a key differ at the end of their names.
_END, _END_IN_ROW = 12, 10

# Without a script: the style sheet shows the whole text while the details are open.
_WHOLE = SafeString('<details class="whole"><summary><span>Show all</span><span>Show less</span></summary></details>')


def is_long(text: str, most: int = MOST_IN_ROW) -> bool:
    """Whether a text may take more room than a row has."""
    return len(text) > most


def text_or_link(text: str, address: str = "") -> SafeString:
    """A name or another text of people, as a link if it has an address. Below a long one is what opens it.

    The text may be HTML already, such as one with a `<time>`.
    """
    title = title_of(html.unescape(strip_tags(text)) if isinstance(text, SafeString) else text, MOST)
    inner = format_html("<bdi>{}</bdi>", text)
    if address:
        inner = format_html('<a href="{}"{}>{}</a>', address, title, inner)
    elif title:
        inner = format_html("<span{}>{}</span>", title, inner)
    return inner + _WHOLE if title else inner


def heading(name: str, words: str = "{}") -> SafeString:
    """The name of a record as the heading of its page, in `words` such as `Delete {}?`.

    Words after a long name would be cut with it, so that it is as in a sentence before them.
    """
    if is_long(name, MOST) and words.rpartition("}")[2].strip("?"):
        return format_html("<h1>{}</h1>", format_html(words, in_sentence(name)))
    named = format_html(words, format_html("<bdi>{}</bdi>", name))
    title = title_of(name, MOST)
    return format_html("<h1{}>{}</h1>{}", title, named, _WHOLE if title else "")


def in_sentence(name: str) -> SafeString:
    """A name between other words: its beginning and end if it is long, with the whole as title."""
    if not is_long(name, MOST):
        return format_html("<bdi>{}</bdi>", name)
    return format_html('<bdi title="{}">{}{}</bdi>', name, Truncator(name).chars(MOST - _END), name[-_END:])


def title_of(text: str, most: int = MOST_IN_ROW) -> SafeString:
    """The attributes of an element whose long text is cut; empty for any other."""
    return format_html(' class="long" title="{}"', text) if is_long(text, most) else SafeString("")


def in_column(name: str) -> SafeString:
    """The attributes of a name in a column of a list. Where it is cut, the style sheet shows its end too."""
    if len(name) <= _MOST_IN_LINE:
        return SafeString("")
    # Not by `format_html`, which takes as long as the rest of a row.
    end = f' data-end="{html.escape(name[-_END_IN_ROW:])}"' if len(name) > _MOST_IN_COLUMN else ""
    return SafeString(f'{end} title="{html.escape(name)}"')


def column(model: type[Model], field: str) -> Callable[[Any], str]:
    """A column of a support page's list, whose long texts are cut."""

    @admin.display(description=str(label_for_field(field, model)), ordering=field, empty_value="-")
    def cut(record: Any) -> str:
        text = str(getattr(record, field) or "")
        return format_html("<span{}>{}</span>", title_of(text), text) if is_long(text) else text

    cut.__name__ = field
    return cut
