"""Fast rows of the keys page: the template is rendered once per row state, then values are substituted.

A hundred rows through the template cost as much as a whole page of the Django admin.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter

from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils import timezone
from django.utils.safestring import SafeString

from keys import machines
from keys.pages.key_rows import KeyRow, May, RowState, state_of, values_of
from portal import zones

# Marks the place of the rows in a page. No value contains it, because values are escaped.
ROWS = SafeString("<!-- rows -->")
_SEPARATOR = "\0"  # in no template, and in no text of a database


class _Placeholders(dict[str, SafeString]):
    """A row state, and for each value that the template asks for, the value's name between separators."""

    def __missing__(self, name: str) -> SafeString:
        return SafeString(f"{_SEPARATOR}{name}{_SEPARATOR}")


class _RowText:
    """A rendered row, split at its placeholders: every second piece is the name of a value."""

    def __init__(self, row: str) -> None:
        self._pieces = row.split(_SEPARATOR)
        self._values = itemgetter(*self._pieces[1::2])

    def with_values(self, values: dict[str, str]) -> str:
        """The row with these values, which must be escaped."""
        pieces = self._pieces.copy()
        pieces[1::2] = self._values(values)
        return "".join(pieces)


@functools.lru_cache(maxsize=2048)
def _row_text(state: RowState, script_prefix: str) -> _RowText:
    """The row of a state. Its links to other pages depend on the script prefix too."""
    return _RowText(render_to_string("keys/_key_row.html", {"row": _Placeholders(state.for_templates())}))


def render_rows(keys: Iterable[KeyRow], may: May, is_open: Callable[[int], bool]) -> Iterator[str]:
    """The rows of a page, one after the other."""
    now, zone, prefix, known = timezone.now(), zones.current(), get_script_prefix(), machines.answers()
    for key in keys:
        values = _escaped(values_of(key, now, zone))
        values["recent"] = known.recent_use(key.id, key.recent) if key.recent else ""
        yield _row_text(state_of(key, may, now, is_open(key.id)), prefix).with_values(values)


def _escaped(values: dict[str, str]) -> dict[str, str]:
    """Values as HTML, escaped in one call, because most have nothing to escape. The template sees placeholders only."""
    return dict(zip(values, html.escape(_SEPARATOR.join(values.values())).split(_SEPARATOR), strict=True))


def split_at_rows(page: str) -> tuple[str, str]:
    """The parts before and after the rows of a page that was rendered with `ROWS` in their place."""
    before, _, after = page.partition(ROWS)
    return before, after
