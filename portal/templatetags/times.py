"""Times in templates: in the reader's zone, and in UTC for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template

from portal.times import time_element

register = template.Library()


@register.filter
def moment(value: Any) -> Any:
    """A datetime as a `time` element. Other values are returned unchanged."""
    return time_element(value) if isinstance(value, datetime) else value
