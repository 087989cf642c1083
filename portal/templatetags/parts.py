"""`{% part "includes/_nav.html" menu=menu %}`: an include rendered once for all requests with the same values."""

from __future__ import annotations

import functools
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def part(name: str, **values: Any) -> SafeString:
    """The template rendered with these values and nothing else; they must be hashable and hold no request."""
    return _rendered(name, get_script_prefix(), tuple(values.items()))


@functools.lru_cache(maxsize=512)
def _rendered(name: str, script_prefix: str, values: tuple[tuple[str, Any], ...]) -> SafeString:
    return render_to_string(name, dict(values))
