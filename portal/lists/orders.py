"""Sort orders of a list, and cursors: the place after a row, as an address carries it.

A cursor holds the sort value and id of a row, so that the database starts reading inside the index. It holds nothing
secret. A cursor that cannot be read is ignored.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from django.db.models import Expression, Model, OrderBy, Q
from django.db.models.functions import Coalesce

_LARGEST_ID = 2**63 - 1
_LONGEST_CURSOR = 4_000


def text(value: Any) -> str:
    """A sort name in a cursor; raises ValueError for what no database takes."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("not text")
    value.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
    return value


def whole_number(value: Any) -> int:
    """A count or an id in a cursor."""
    if type(value) is not int or not 0 <= value <= _LARGEST_ID:
        raise ValueError("not a whole number")
    return value


def moment(value: Any) -> datetime:
    """A time in a cursor."""
    return datetime.fromisoformat(text(value)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of one row in an order."""

    value: Any
    id: int


@dataclass(frozen=True, slots=True)
class Order:
    """One sort order: a column, then the id where values repeat. An index must have both, in this order.

    On SQLite a partial index in this order may have the columns of all filters of the list. `filtered` is its
    condition, which every row meets: only a query with it reads this index, which is larger than the other.

    PostgreSQL has no such index, because it writes each index of a row that changes. There rows may be read from one of
    another order, by a column of few values and then by this one: `merged` are this column and its values.

    `implied` are a column and for each of its values what that means for the column of this order. A page of one value
    is then read from where such rows begin.
    """

    field: str
    parse: Callable[[Any], Any]
    unique: bool = False
    filtered: Expression | None = None
    merged: tuple[str, Sequence[Any]] | None = None
    implied: tuple[str, Mapping[Any, Q]] | None = None

    @property
    def key(self) -> str:
        """The column that identifies a row and is part of the index of this order."""
        return self.field if self.unique else "pk"

    def by(self, descending: bool) -> list[str]:
        """The arguments of `order_by`."""
        sign = "-" if descending else ""
        return [f"{sign}{self.field}"] if self.unique else [f"{sign}{self.field}", f"{sign}id"]

    def by_sorting(self, descending: bool) -> list[OrderBy]:
        """The same for PostgreSQL, of which no index exists: it finds all rows that are asked for, then sorts them."""
        return [
            OrderBy(Coalesce(name.removeprefix("-"), name.removeprefix("-")), descending)
            for name in self.by(descending)
        ]

    def beyond(self, cursor: Cursor, descending: bool) -> list[Q]:
        """The rows after a cursor in two parts: those with the same value, then the rest.

        Each part is one index range. Joined they are not: PostgreSQL sorts the rows of `a > x OR a = x AND id > y`,
        and SQLite uses the index for only the first half of `(a, id) > (x, y)`, because its ids are row numbers.
        """
        after = "lt" if descending else "gt"
        rest = Q(**{f"{self.field}__{after}": cursor.value})
        return [rest] if self.unique else [Q(**{self.field: cursor.value, f"id__{after}": cursor.id}), rest]

    def cursor(self, row: Any) -> Cursor:
        """The place of a row. It is a model instance, or has the column by its name."""
        is_instance = isinstance(row, Model)
        value = attrgetter(self.field.replace("__", "."))(row) if is_instance else getattr(row, self.field)
        return Cursor(value, row.id)

    def write_cursor(self, row: Any) -> str:
        """The cursor of a row, as it stands in an address."""
        value = self.cursor(row).value
        value = value.isoformat() if isinstance(value, datetime) else value
        document = json.dumps([value, row.id], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")

    def read_cursor(self, cursor: str) -> Cursor | None:
        """The place a cursor names; None when it names none."""
        if not 0 < len(cursor) <= _LONGEST_CURSOR:
            return None
        try:
            value, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            return Cursor(self.parse(value), whole_number(row_id))
        except (ValueError, TypeError, RecursionError, OverflowError):
            return None
