"""Records that filters offer to choose from: the first by name, and those that are chosen, in one statement."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.safestring import SafeString

from portal.row_ids import row_id
from portal.sort_names import sort_name

OFFERED = 50


@dataclass(frozen=True, slots=True)
class Offer:
    """One record that a filter offers."""

    id: int
    name: str
    sort_name: str

    @property
    def text(self) -> str:
        """What a field holds for it: its name. A name of digits would be read as an id, so there the id."""
        return str(self.id) if self.name.isdecimal() else self.name


@dataclass(frozen=True, slots=True)
class Source:
    """Where the records of a filter come from: a table with `id`, `name` and `sort_name`, and a condition in SQL."""

    table: str
    condition: str = ""


class Offers:
    """The records of one filter: the first fifty by name, and those the address names."""

    def __init__(self, offered: Sequence[Offer]) -> None:
        self._offered = offered

    def __iter__(self) -> Iterator[Offer]:
        return iter(self._offered)

    def find(self, wanted: str) -> Offer | None:
        """The record with this id, else the one with exactly this name, whatever its case."""
        by_id = next((each for each in self if each.id == row_id(wanted)), None)
        return by_id or next((each for each in self if each.sort_name == sort_name(wanted)), None)

    @property
    def options(self) -> SafeString:
        """The options of a datalist."""
        # `format_html_join` takes five times as long, and this is part of every list page.
        escaped = html.escape("\0".join(text for each in self for text in (each.text, each.name))).split("\0")
        pairs = zip(escaped[::2], escaped[1::2], strict=True) if self._offered else ()
        return SafeString("".join(f'<option value="{text}" label="{name}">' for text, name in pairs))


def load(sources: Mapping[str, Source], wanted: Mapping[str, Sequence[str]]) -> dict[str, Offers]:
    """The offers of each source. `wanted` are ids or names that the address holds, by the name of the source."""
    if not sources:
        return {}
    # The ORM takes longer to compile this statement than the database to answer it.
    parts: list[str] = []
    values: list[Any] = []
    for name, source in sources.items():
        given = [text for text in wanted.get(name, ()) if "\0" not in text]
        ids = [number for text in given if (number := row_id(text)) is not None]
        parts.append(f"SELECT * FROM ({_select(name, source)} ORDER BY sort_name LIMIT {OFFERED}) first_{name}")  # noqa: S608  # names from declarations
        # A part for each column, so that each uses an index.
        for column, chosen in (("id", ids), ("sort_name", [sort_name(text) for text in given])):
            if chosen:
                marks = ", ".join(["%s"] * len(chosen))
                parts.append(f"SELECT * FROM ({_select(name, source)}) some_{name} WHERE {column} IN ({marks})")  # noqa: S608  # names from declarations
                values += chosen
    with connection.cursor() as cursor:
        cursor.execute(" UNION ".join(parts), values)
        rows = sorted(cursor.fetchall(), key=lambda row: row[3])
    return {name: Offers([Offer(*row[1:]) for row in rows if row[0] == name]) for name in sources}


def _select(name: str, source: Source) -> str:
    condition = f" WHERE {source.condition}" if source.condition else ""
    return f"SELECT '{name}' AS source, id, name, sort_name FROM {source.table}{condition}"  # noqa: S608  # names from declarations
