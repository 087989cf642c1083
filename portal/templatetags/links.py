"""Links to records and their addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from portal import record_addresses
from portal.long_texts import in_sentence

register = template.Library()


@register.filter
def linked(records: Iterable[Any]) -> SafeString:
    """The names of records, separated by commas, each a link to its page."""
    parts = ((record.get_absolute_url(), in_sentence(record.name)) for record in records)
    return format_html_join(", ", '<a href="{}">{}</a>', parts)


@register.simple_tag
def record_url(name: str, pk: Any) -> str:
    """The address of a record or a list by its URL name: faster than `url`, and it takes placeholders for ids."""
    return record_addresses.of(name, pk)


@register.simple_tag
def page_url(name: str) -> str:
    """The address of a page by its URL name, for the frame that every page has: faster than `url`."""
    return record_addresses.page(name)
