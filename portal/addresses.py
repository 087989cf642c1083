"""Addresses of single records, a hundred in a page: `reverse` once for each name, then only the id is put in."""

from __future__ import annotations

import functools

from django.urls import reverse

_PLACE = 987_654_321


@functools.cache
def _frame(name: str) -> tuple[str, str]:
    before, _, after = reverse(name, args=[_PLACE]).partition(str(_PLACE))
    return before, after


def of(name: str, pk: int) -> str:
    """The address with this URL name of the record with this id."""
    before, after = _frame(name)
    return f"{before}{pk}{after}"
