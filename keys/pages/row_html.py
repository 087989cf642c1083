"""The rows of the keys page as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.urls import get_script_prefix
from django.utils import timezone

from keys import machines
from keys.pages.key_rows import KeyRow, May, state_of, values_of
from portal import zones
from portal.lists.columns import Cells
from portal.lists.row_text import escaped, row_text
from portal.long_texts import in_column


def render_rows(keys: Iterable[KeyRow], may: May, is_open: Callable[[int], bool], cells: Cells) -> Iterator[str]:
    """The rows of a page, one after the other."""
    now, zone, prefix, known = timezone.now(), zones.current(), get_script_prefix(), machines.answers()
    for key in keys:
        values = escaped(values_of(key, now, zone))
        values["recent"] = known.recent_use(key.id, key.recent) if key.recent else ""
        values["name_title"] = in_column(key.name)
        values["group_title"] = in_column(key.group__name)
        state = state_of(key, may, now, is_open(key.id))
        yield row_text("keys/_key_row.html", state, cells, prefix).with_values(values)
