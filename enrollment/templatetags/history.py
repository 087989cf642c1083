"""What pages of keys say about who used them; keys themselves know nothing of enrollment."""

from __future__ import annotations

from django import template

from enrollment.pages import history
from enrollment.pages.history import History

register = template.Library()


@register.simple_tag
def history_of_key(public_id: str, after: str | None) -> History:
    """One page of the uses of a key; `after` is the address's word for where it begins."""
    return history.of_key(public_id, after or "")
