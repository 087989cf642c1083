"""Queries for the rows of a page that filters leave, so written that the database cannot read many rows for a few.

It would choose by how many rows it believes that each condition leaves; a list has counted those that all leave. Few
are found first and then sorted. Of many, rows are read in the order of the page until it is full, in one index that has
the columns of all conditions, so that only the rows of the page are read in the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Func, Index, Model, Q, QuerySet, Subquery

from portal.lists.counting import COUNTED
from portal.lists.orders import Order
from portal.lists.paging import EACH, Found


class Unindexed(Func):
    """A condition for which the database uses no index.

    SQLite: a unary "+" before a term (sqlite.org/optoverview.html). PostgreSQL has no index of "is true" but for a
    column that is a boolean.
    """

    template = "+(%(expressions)s)"
    output_field = BooleanField()

    def __init__(self, condition: Q) -> None:
        super().__init__(ExpressionWrapper(condition, output_field=BooleanField()))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s) IS TRUE", **context)


class _Array(Subquery):
    template = "(ARRAY(%(subquery)s))"


class _IsFound(Func):
    """Whether a column has one of the values of a query, which PostgreSQL answers before it reads the rows."""

    template = "%(expressions)s"
    arg_joiner = " = ANY "
    output_field = BooleanField()

    def __init__(self, column: str, found: QuerySet[Any]) -> None:
        super().__init__(column, _Array(found))


def parts(conditions: Sequence[Q]) -> list[Q]:
    """The conditions that a row must meet, each separate."""
    return [
        part if isinstance(part, Q) else Q(part)
        for each in conditions
        for part in ([each] if each.negated or each.connector == Q.OR else each.children)
    ]


def lookup(condition: Q) -> tuple[str, Any]:
    """The only look-up of a condition and its value; "" where it is not of this kind. It may be negated."""
    (first, *others) = condition.children
    return first if isinstance(first, tuple) and not others else ("", None)


def few(rows: QuerySet[Any], chosen: QuerySet[Any], searched: str) -> Found:
    """Few rows that filters leave, for PostgreSQL. `searched` is a column whose texts are searched for a part, or "".

    An index has the texts alone. So these are found, where they are unique, before the rows that have them.
    """
    if any(each.fields == (searched,) for each in rows.model._meta.total_unique_constraints):
        chosen = rows.filter(_IsFound(searched, chosen.order_by().values(searched)[: COUNTED + 1]))
    return Found(chosen, are_few=True)


def many(rows: QuerySet[Any], conditions: Sequence[Q], order: Order) -> Found | None:
    """Many rows that meet conditions, for PostgreSQL: in a range of the index for each value of its first column.

    None where the order has no such index, or none that has the columns of all conditions.
    """
    if order.merged is None:
        return None
    column, values = order.merged
    conditions = parts(conditions)
    wanted = {name for each in conditions for name in each.referenced_base_fields}
    if not wanted <= set(_index(rows.model, column, order.field).fields):
        return None
    # A range without a row of the page would be read from end to end.
    left = _admitted(conditions, column, values)
    others = (Unindexed(each) for each in conditions if each.referenced_base_fields != {column})
    if len(left) == 1:
        return Found(rows.filter(*others, **{column: left[0]}))
    return Found(rows.filter(*others, **{column: EACH}), left) if left else None


def implied(conditions: Sequence[Q], order: Order, *, descending: bool) -> Q:
    """What conditions mean for the column of an order, if rows that cannot meet them come first in it.

    From its other end PostgreSQL would expect fewer rows because of it, and find and sort all.
    """
    if order.implied is None:
        return Q()
    column, meanings = order.implied
    meant = {meanings[value] for value in _admitted(parts(conditions), column, [*meanings])}
    found = meant.pop() if len(meant) == 1 else Q()
    is_least = bool(found) and lookup(found)[0].endswith("__gte")
    return Q() if is_least and descending else found


def _index(model: type[Model], *first: str) -> Index:
    return next(each for each in model._meta.indexes if tuple(each.fields[: len(first)]) == first)


def _admitted(conditions: Sequence[Q], column: str, values: Sequence[Any]) -> list[Any]:
    return [value for value in values if all(_admits(each, column, value) for each in conditions)]


def _admits(condition: Q, column: str, value: Any) -> bool:
    """Whether a row with this value of a column can meet a condition: of a condition on others some row may."""
    name, wanted = lookup(condition)
    if name not in (column, f"{column}__in"):
        return True
    return (value == wanted if name == column else value in wanted) != condition.negated
