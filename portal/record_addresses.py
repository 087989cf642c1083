"""Fast URLs of single records: `reverse` runs once for each URL name, then only the id is inserted."""

from __future__ import annotations

import functools

from django.urls import get_script_prefix, reverse

_PLACEHOLDER = 987_654_321


@functools.cache
def _around_id(name: str, script_prefix: str) -> tuple[str, str]:
    before, _, after = reverse(name, args=[_PLACEHOLDER]).partition(str(_PLACEHOLDER))
    return before, after


def of(name: str, pk: object) -> str:
    """The same as `reverse(name, args=[pk])`."""
    before, after = _around_id(name, get_script_prefix())
    return f"{before}{pk}{after}"
