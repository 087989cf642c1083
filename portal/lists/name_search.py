"""The search of a list for a part of a name, of which SQLite may leave names out; see `portal.first_names`.

That are names of a longer list, unless other filters leave few rows or the address asks for all names. The page offers
that. A download, and what is done with all rows that match, always search all names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from portal.first_names import up_to
from portal.lists.counting import capped


@dataclass(slots=True)
class NameSearch:
    """The search for a text. `end` is the last name that it reads; empty if it reads all.

    `narrowed` are the rows that other filters leave; None without any. `is_cut` if names were left out; if there are
    rows `to_count`, when these are more than 10,000. `found` are the ids of the rows, at most 10,001, once they are
    counted on SQLite.
    """

    text: str
    narrowed: QuerySet[Any] | None = None
    end: str = ""
    everything: bool = False
    is_cut: bool = False
    to_count: QuerySet[Any] | None = None
    found: Sequence[int] | None = None

    def among(self, condition: Q) -> Q:
        """A condition on names and on columns beside them, restricted to the names that are read."""
        if not self.end:
            return condition
        first = up_to(self.end, condition, self.text)
        if self.narrowed is None:
            self.is_cut = True
            return first
        self.to_count = self.narrowed
        return first | condition & Q(pk__in=capped(self.narrowed))
