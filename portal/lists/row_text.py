"""Fast rows of a list: the template is rendered once per state of a row, then values are substituted.

A hundred rows through the template cost as much as a whole page of the Django admin.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable, Mapping
from itertools import chain
from operator import itemgetter
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from portal.lists.columns import Cells

# Marks the place of the rows in a page. No value contains it, because values are escaped.
_ROWS = SafeString("<!-- rows -->")
# In no template; in a text of a database only where somebody wrote to SQLite behind the portal.
_SEPARATOR = "\0"


class RowState(Protocol):
    """What conditions of a row's template may ask. Rows in equal states share one rendered text."""

    def for_templates(self) -> dict[str, Any]:
        """All of it by name."""

    def __hash__(self) -> int: ...


class _Placeholders(dict[str, Any]):
    """A row state, and for each value that the template asks for, the value's name between separators."""

    def __missing__(self, name: str) -> SafeString:
        return SafeString(f"{_SEPARATOR}{name}{_SEPARATOR}")


class RowText:
    """A rendered row, split at its placeholders: every second piece is the name of a value."""

    def __init__(self, row: str) -> None:
        self._pieces = row.split(_SEPARATOR)
        self._values = itemgetter(*self._pieces[1::2])

    def with_values(self, values: Mapping[str, str]) -> str:
        """The row with these values, which must be escaped."""
        pieces = self._pieces.copy()
        pieces[1::2] = self._values(values)
        return "".join(pieces)


@functools.lru_cache(maxsize=2048)
def row_text(template: str, state: RowState, cells: Cells, script_prefix: str) -> RowText:
    """The row of a state. Its links to other pages depend on the script prefix too."""
    return RowText(render_to_string(template, {"row": _Placeholders(state.for_templates()), **cells._asdict()}))


def escaped(values: Mapping[str, str]) -> dict[str, str]:
    """Values as HTML, escaped in one call, because most have nothing to escape. The template sees placeholders only."""
    texts = html.escape(_SEPARATOR.join(values.values())).split(_SEPARATOR)
    if len(texts) > len(values):
        return escaped({name: text.replace(_SEPARATOR, "\N{REPLACEMENT CHARACTER}") for name, text in values.items()})
    return dict(zip(values, texts, strict=True))


def page_with_rows(request: HttpRequest, template: str, context: dict[str, Any], rows: Iterable[str]) -> HttpResponse:
    """The page of a template that prints `rows_html` where the rows belong."""
    before, _, after = render_to_string(template, {**context, "rows_html": _ROWS}, request).partition(_ROWS)
    # Rows are most of a page, and each level of template nesting would copy them once more.
    return HttpResponse(chain([before], rows, [after]))
