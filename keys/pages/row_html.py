"""The rows of the keys page as HTML: forms with blanks, filled in.

The row template is rendered once per kind of key and process, with blanks for its values; each row then only fills
the blanks. A hundred rows through the template itself cost as much as a whole page of the Django admin.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from keys import machines
from keys.pages.key_rows import KeyRow, Kind, May, kind_of, values_of
from portal import zones

# Stands in a page for its rows. No value can forge it, for its angle brackets would be escaped.
ROWS = SafeString("<!-- rows -->")
_SEPARATOR = "\0"  # in no template, and in no text of a database


class _Blanks(dict[str, SafeString]):
    """Answers every value a template asks for with its blank: the name of the value, set apart."""

    def __missing__(self, name: str) -> SafeString:
        return SafeString(f"{_SEPARATOR}{name}{_SEPARATOR}")


class _Form:
    """A row in pieces, every second of which is a blank."""

    def __init__(self, row: str) -> None:
        self._pieces = row.split(_SEPARATOR)
        self._values = itemgetter(*self._pieces[1::2])

    def filled(self, values: dict[str, str]) -> str:
        """The row with these values, which have been escaped."""
        pieces = self._pieces.copy()
        pieces[1::2] = self._values(values)
        return "".join(pieces)


@functools.lru_cache(maxsize=2048)
def _form(kind: Kind) -> _Form:
    """The form of a kind."""
    return _Form(render_to_string("keys/_key_row.html", {"row": _Blanks(kind._asdict())}))


def render_rows(keys: Iterable[KeyRow], may: May, is_open: Callable[[int], bool]) -> Iterator[str]:
    """The rows of a page, one after the other."""
    now, zone, known = timezone.now(), zones.current(), machines.answers()
    for key in keys:
        values = _escaped(values_of(key, now, zone))
        values["recent"] = known.recent_use(values["url"], key.recent) if key.recent else ""
        yield _form(kind_of(key, may, now, is_open(key.id))).filled(values)


def _escaped(values: dict[str, str]) -> dict[str, str]:
    """Values as HTML; all at once, for most have nothing to escape. Templates see only blanks, so it happens here."""
    return dict(zip(values, html.escape(_SEPARATOR.join(values.values())).split(_SEPARATOR), strict=True))


def split_at_rows(page: str) -> tuple[str, str]:
    """What comes before and behind the rows in a page that was rendered with `ROWS` in their place."""
    before, _, behind = page.partition(ROWS)
    return before, behind
