"""Messages about what was done, for the next page: each names the thing, links it while it exists, offers a next step.

They are stored in the session as HTML. So every part is escaped here, and no secret may be one.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.long_texts import in_sentence


def named(record: Any) -> SafeString:
    """The name of a record in quotation marks, with a link to its page."""
    return format_html('“<a href="{}">{}</a>”', record.get_absolute_url(), in_sentence(record.name))


def quoted(name: str) -> SafeString:
    """The name of what has no page any more, in quotation marks."""
    return format_html("“{}”", in_sentence(name))


def link(label: str, address: str) -> SafeString:
    """A next step that is a page."""
    return format_html('<a href="{}">{}</a>', address, label)


def add(request: HttpRequest, sentence: str, *parts: Any, next_step: SafeString | str = "") -> None:
    """Show `sentence`, without a full stop, on the next page; each `{}` in it is one of `parts`."""
    done = format_html(sentence, *parts)
    messages.success(request, format_html("{} · {}", done, next_step) if next_step else format_html("{}.", done))
