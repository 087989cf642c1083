"""What a list looks up before it filters, in one statement: records to choose from, and what a search names."""

from __future__ import annotations

import functools
import html
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from portal.row_ids import row_id
from portal.sort_names import sort_name

OFFERED = 50
_EXACT, _PART = "exact", "part"


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
    """Where records come from: a table with `id`, `name` and a column that orders them, and a condition in SQL.

    The first `skipped` of them are not offered.
    """

    table: str
    condition: str = ""
    order: str = "sort_name"
    skipped: int = 0


class Found(NamedTuple):
    """A row that an identifier in a search finds. If it is `exact`, the search cannot mean anything else."""

    id: int
    exact: bool


# Look-ups of a search term, each in an index; true for those that find a row exactly.
LookUps = Sequence[tuple[QuerySet[Any], bool]]
MOST_FOUND = 100


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


def load(
    sources: Mapping[str, Source], wanted: Mapping[str, Sequence[str]], searched: LookUps = ()
) -> tuple[dict[str, Offers], list[Found]]:
    """The offers of each source, and at most a hundred rows of each look-up.

    `wanted` are ids or names that the address holds, by the name of the source.
    """
    # The ORM takes longer to compile this statement than the database to answer it.
    parts: list[str] = []
    values: list[Any] = []
    for name, source in sources.items():
        given = [text for text in wanted.get(name, ()) if "\0" not in text]
        ids = [number for text in given if (number := row_id(text)) is not None]
        first = f"LIMIT {OFFERED}" + (f" OFFSET {source.skipped}" if source.skipped else "")
        parts.append(f"SELECT * FROM ({_select(name, source)} ORDER BY sort_name {first}) first_{name}")  # noqa: S608  # names from declarations
        # A part for each column, so that each uses an index.
        for column, chosen in (("id", ids), ("sort_name", [sort_name(text) for text in given])):
            if chosen:
                marks = ", ".join(["%s"] * len(chosen))
                parts.append(f"SELECT * FROM ({_select(name, source)}) some_{name} WHERE {column} IN ({marks})")  # noqa: S608  # names from declarations
                values += chosen
    for number, (rows, is_exact) in enumerate(searched):
        sql, marked = rows.order_by().values("id")[:MOST_FOUND].query.sql_with_params()
        found_as = _EXACT if is_exact else _PART
        parts.append(f"SELECT '' AS source, id, '{found_as}' AS name, '' AS sort_name FROM ({sql}) found_{number}")  # noqa: S608  # values are parameters
        values += marked
    if not parts:
        return {}, []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ".join(parts), values)
        read = sorted(cursor.fetchall(), key=lambda row: row[3])
    found = [Found(pk, name == _EXACT) for source, pk, name, _ in read if not source]
    return {name: Offers([Offer(*row[1:]) for row in read if row[0] == name]) for name in sources}, found


def _select(name: str, source: Source) -> str:
    condition = f" WHERE {source.condition}" if source.condition else ""
    return f"SELECT '{name}' AS source, id, name, {source.order} AS sort_name FROM {source.table}{condition}"  # noqa: S608  # names from declarations
