"""Fast URLs: `reverse` runs once for each URL name; for a single record only the id is inserted then."""

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


@functools.cache
def _page(name: str, script_prefix: str) -> str:
    return reverse(name)


def page(name: str) -> str:
    """The same as `reverse(name)`."""
    return _page(name, get_script_prefix())
