"""Moments in templates: in words of the reader's zone, and in UTC for machines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template

from keys.pages.presentation import time_element

register = template.Library()


@register.filter
def moment(value: Any) -> Any:
    """A moment as a `time` element; anything else as it is."""
    return time_element(value) if isinstance(value, datetime) else value
