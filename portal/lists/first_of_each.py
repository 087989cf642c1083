"""The first rows of each of several records, such as the newest keys of each group of a page, in one query."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

_STAND_IN = -987_654_321


def ids(rows: QuerySet[Any], relation: str, records: Collection[int], count: int) -> RawSQL:
    """The ids of the first `count` rows of each record, in the order of `rows`, for `filter(pk__in=...)`.

    Each record costs one range of the index of that order. `relation` is the column that names the record; there are at
    most as many records as rows on a page.
    """
    # The ORM writes the part of one record; compiling a hundred would take longer than reading them.
    sql, values = rows.filter(**{relation: _STAND_IN}).values("pk")[:count].query.sql_with_params()
    part = f"SELECT * FROM ({sql}) part"  # noqa: S608  # the ORM wrote it
    given = [record if value == _STAND_IN else value for record in records for value in values]
    return RawSQL(" UNION ALL ".join([part] * len(records)) or "SELECT NULL", given)  # noqa: S611  # values are parameters
