"""The field that lets a form be kept when its session ends."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal import kept_forms

register = template.Library()


@register.simple_tag(takes_context=True)
def kept_page(context: dict[str, Any]) -> SafeString:
    """The hidden field of a form whose view has `keeps`: whose page in which browser it is."""
    return format_html(
        '<input type="hidden" name="{}" value="{}">', kept_forms.PAGE_FIELD, kept_forms.page_of(context["request"])
    )
