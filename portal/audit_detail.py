"""The detail of an audit event as pages read it: whoever writes to the database may store any JSON there.

Pages show it all the same, because the audit log is where such a change is looked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Func, IntegerField, JSONField

_LARGEST_COUNT = 2_147_483_647


class DetailField(JSONField):
    """JSON. Where Python cannot read it, such as a number of 5,000 digits, the value is its text."""

    def from_db_value(self, value: Any, *context: Any) -> Any:
        try:
            return super().from_db_value(value, *context)
        except (RecursionError, ValueError):
            return str(value)

    def deconstruct(self) -> Any:
        # The column is that of JSONField: no migration, for which SQLite would write the whole table again.
        name, _, *arguments = super().deconstruct()
        return (name, "django.db.models.JSONField", *arguments)


class Times(Func):
    """The `count` of a detail, in SQL; NULL where it is no whole number, and at most the largest integer."""

    template = (
        "CASE jsonb_typeof(%(expressions)s -> 'count') WHEN 'number' "
        f"THEN LEAST(GREATEST((%(expressions)s ->> 'count')::numeric, 1), {_LARGEST_COUNT})::integer END"
    )
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = (
            "CASE json_type(%(expressions)s, '$.count') WHEN 'integer' "
            f"THEN CAST(MIN(MAX(json_extract(%(expressions)s, '$.count'), 1), {_LARGEST_COUNT}) AS integer) END"
        )
        return self.as_sql(compiler, connection, template=template, **context)


def times(detail: Any) -> int:
    """The number of events that one row stands for: its `count`; 1 without one, and where that is no such number."""
    count = detail.get("count") if isinstance(detail, dict) else None
    return count if type(count) is int and 1 <= count <= _LARGEST_COUNT else 1


def fields(detail: Any) -> Mapping[str, Any]:
    """The fields of a detail, each a value or a list of values. A detail of another shape is one field, its JSON."""
    if isinstance(detail, dict) and all(map(_is_plain, detail)) and all(map(_is_flat, detail.values())):
        return detail
    try:
        return {"detail": json.dumps(detail)}
    except RecursionError:
        return {"detail": "[[…"}


def _is_flat(value: Any) -> bool:
    return all(map(_is_plain, value)) if isinstance(value, list) else _is_plain(value)


def _is_plain(value: Any) -> bool:
    """Whether a value is no list or object, and no text with half a character, which no page can hold."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    return not isinstance(value, list | dict)
