"""A template filter that links records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def linked(records: Iterable[Any]) -> SafeString:
    """The names of records, separated by commas, each a link to its page."""
    link = '<a href="{}"><bdi>{}</bdi></a>'
    return format_html_join(", ", link, ((record.get_absolute_url(), record.name) for record in records))
