"""Template tags for texts that people write, which may be long."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from portal import long_texts

register = template.Library()


@register.simple_tag(name="text")
def text_tag(text: str, address: str = "") -> SafeString:
    """A name, as a link if it has an address; a long one takes three lines until it is opened."""
    return long_texts.text_or_link(text, address)


@register.simple_tag
def heading(name: str, words: str = "{}") -> SafeString:
    """The name of a record as the heading of its page, in `words`; a long one takes three lines until it is opened."""
    return long_texts.heading(name, words)


@register.filter
def title_if_long(text: str) -> SafeString:
    """The attributes of an element whose long text is cut to a row's two lines."""
    return long_texts.title_of(text)


@register.filter
def in_column(name: str) -> SafeString:
    """The attributes of a name in a column of a list, whose end is shown where it is cut."""
    return long_texts.in_column(name)


@register.filter
def in_sentence(name: str) -> SafeString:
    """A name between other words: its beginning and end if it is long, with the whole as title."""
    return long_texts.in_sentence(name)
