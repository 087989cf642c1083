"""Records that filters offer to choose from: the first by name, and those that are chosen, in one statement."""

from __future__ import annotations

import functools
import html
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.utils.safestring import SafeString

from portal.row_ids import row_id
from portal.sort_names import sort_name

OFFERED = 50


class Offer(NamedTuple):
    """One record that a filter offers."""

    id: int
    name: str
    sort_name: str

    @property
    def text(self) -> str:
        """The text of a field: the name, or the id where the name is digits and would be read as an id."""
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
    def names(self) -> SafeString:
        """The options of a datalist."""
        escape = html.escape
        return SafeString("".join(f'<option value="{escape(each.text)}" label="{escape(each.name)}">' for each in self))

    def options(self, chosen: Collection[int]) -> SafeString:
        """The options of a select."""
        return options(tuple((str(each.id), each.name) for each in self), tuple(str(each) for each in chosen))


@functools.lru_cache(maxsize=256)
def options(choices: Sequence[tuple[str, str]], chosen: Collection[str]) -> SafeString:
    """Options of a select as HTML. A template takes ten times as long, and they are most of a filter form."""

    def option(value: str, words: str) -> str:
        selected = " selected" if value in chosen else ""
        return f'<option value="{html.escape(value)}"{selected}>{html.escape(words)}</option>'

    return SafeString("".join(itertools.starmap(option, choices)))


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
