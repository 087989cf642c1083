"""Columns beside the rows of a page whose SQL the ORM writes once; it takes longer than the database to answer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model
from django.db.models.expressions import RawSQL


class Written:
    """Annotations of the rows of a model that depend on nothing but moments.

    `make` takes `moments` times and makes the annotations. Their SQL names the table of the model, so annotate the
    rows that are read, never a subquery.
    """

    def __init__(self, model: type[Model], make: Callable[..., Mapping[str, Any]], moments: int) -> None:
        self._model, self._make = model, make
        # These stand for the moments of a query.
        self._stand_ins = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(moments)]

    def at(self, *moments: datetime) -> dict[str, RawSQL]:
        """The annotations at these moments."""
        adapt = connection.ops.adapt_datetimefield_value
        given = {adapt(old): adapt(new) for old, new in zip(self._stand_ins, moments, strict=True)}
        return {
            name: RawSQL(sql, [given.get(value, value) for value in values], output)  # noqa: S611  # the ORM wrote it
            for name, (sql, values, output) in self._sql.items()
        }

    @functools.cached_property
    def _sql(self) -> dict[str, tuple[str, tuple[Any, ...], Any]]:
        query = self._model._default_manager.annotate(**self._make(*self._stand_ins)).query
        compiler = query.get_compiler(connection=connection)
        compiler.pre_sql_setup()
        return {name: (*compiler.compile(each), each.output_field) for name, each in query.annotations.items()}
