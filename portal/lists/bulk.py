"""What is done with many rows of a list at once: one operation for each row, all in one transaction, or nothing.

The rows are fixed on the page that asks for confirmation. What was deleted or no longer matches since then is noticed
under the locks of the rows, and then nothing is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django import forms
from django.db import transaction
from django.db.models import Q, QuerySet

from portal.actors import Actor
from portal.attempts import record_refusal
from portal.refusals import Refused

# While they are changed SQLite writes nothing else, and one operation takes up to 10 ms: an edge waits 2.5 s at most.
MOST = 250


@dataclass(frozen=True, slots=True)
class BulkAction:
    """One button of the bar: `word` in addresses, `label` on it, `ask` and `done` as in "Disabled 12 keys".

    `run` is the operation on one record, for a user with `permission`; its value is that of the field `asks`, such as
    a new limit. `consequences` are sentences of the page that asks, as `portal.numbers.numbered` takes them, after the
    `effect` on the rows with these ids; if it is `typed`, "delete 12 keys" is too. Rows that are `already` so, in these
    words and by this condition, are left as before. What all rows share follows once, after the commit: `finish` gets
    what each `run` returned, and returns what is still to come, in sentences.
    """

    word: str
    label: str
    ask: str
    done: str
    permission: str
    run: Callable[[Any, Any, Actor], object]
    consequences: Sequence[str]
    asks: forms.Field | None = None
    effect: Callable[[Sequence[int]], str] | None = None
    typed: bool = False
    already: tuple[str, Callable[[], Q]] | None = None
    finish: Callable[[Sequence[Any]], Sequence[str]] | None = None

    def needless(self, rows: QuerySet[Any]) -> set[int]:
        """The ids of the rows that are already as this action would make them."""
        return set(rows.filter(self.already[1]()).order_by().values_list("pk", flat=True)) if self.already else set()


class Changed(Exception):
    """Some of the rows were deleted, or no longer match, since they were shown."""


class Outcome(NamedTuple):
    """The records of the rows, and those that refused, each with the reason. With one refusal nothing was changed.

    `needless` are the records that were already as they shall be; `late` is what is still to come.
    """

    records: list[Any]
    refused: list[tuple[Any, str]]
    needless: Sequence[Any] = ()
    late: Sequence[str] = ()


class _Undone(Exception):
    pass


def run(
    action: BulkAction, rows: QuerySet[Any], ids: Sequence[int], *, matching: QuerySet[Any], value: Any, actor: Actor
) -> Outcome:
    """Do it with the rows of these ids, which must all exist and be among those `matching`. Raises Changed."""
    records: list[Any] = []
    refused: list[tuple[Any, Refused]] = []
    results: list[Any] = []
    try:
        with transaction.atomic():
            found = rows.model._default_manager.filter(pk__in=ids).order_by("pk").select_for_update()
            records = list(found)
            if len(records) != len(ids) or matching.filter(pk__in=ids).count() != len(ids):
                raise Changed
            done = action.needless(rows.model._default_manager.filter(pk__in=ids))
            for record in records:
                if record.pk in done:
                    continue
                try:
                    with transaction.atomic():
                        results.append(action.run(record, value, actor))
                except Refused as reason:
                    refused.append((record, reason))
            if refused:
                raise _Undone
    except _Undone:
        for _, refusal in refused:
            record_refusal(refusal)
        return Outcome(records, [(record, str(refusal)) for record, refusal in refused])
    needless = [record for record in records if record.pk in done]
    return Outcome(records, [], needless, action.finish(results) if action.finish else ())
