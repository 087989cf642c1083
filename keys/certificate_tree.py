"""The tree of signing certificates: each below the one that signed it, and the order of a list that shows it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from django.db.models import Func, Q
from django.db.models.expressions import RawSQL

from keys.crypto.ca_certificates import LONGEST_CHAIN
from keys.models import SigningCertificate
from keys.names import SortNameField
from portal.lists.orders import Order, whole_number
from portal.row_ids import LARGEST

# Sorts before every character of a name, so that a certificate comes before the next name and its children between.
_BETWEEN = "\t"
_PATH = f"""(
    WITH RECURSIVE up(parent_id, path, steps) AS (
        SELECT own.parent_id, CAST(own.sort_name AS text), 1
        FROM keys_signingcertificate own WHERE own.id = %(expressions)s
        UNION ALL
        SELECT above.parent_id, above.sort_name || '{_BETWEEN}' || up.path, up.steps + 1
        FROM keys_signingcertificate above JOIN up ON above.id = up.parent_id
        WHERE up.steps < {LONGEST_CHAIN}
    ) SELECT path FROM up ORDER BY steps DESC LIMIT 1
)"""  # noqa: S608  # constants
_CHAIN = f"""
    WITH RECURSIVE up(id, parent_id, steps) AS (
        SELECT own.id, own.parent_id, 1 FROM keys_signingcertificate own WHERE own.id = %s
        UNION ALL
        SELECT above.id, above.parent_id, up.steps + 1
        FROM keys_signingcertificate above JOIN up ON above.id = up.parent_id
        WHERE up.steps < {LONGEST_CHAIN}
    ) SELECT id FROM up
"""  # noqa: S608  # a constant


def path() -> Func:
    """The sort names from the root down to a certificate: in this order a tree is printed from top to bottom."""
    return Func("pk", template=_PATH, output_field=SortNameField())


def depth(path: str) -> int:
    """How many certificates are above the one with this path."""
    return path.count(_BETWEEN)


def rails(depths: Sequence[int]) -> list[list[int]]:
    """For each row of a printed tree the levels whose line goes on below it: a sibling at that level follows."""
    drawn: list[list[int]] = []
    following: set[int] = set()
    for own in reversed(depths):
        drawn.append(sorted(level for level in following if 0 < level <= own))
        following = {level for level in following if level < own} | {own}
    return drawn[::-1]


class TreeOrder(Order):
    """The order of `path`, which the rows have as `path`. Cursors hold only the id, for a path may be very long."""

    def __init__(self) -> None:
        super().__init__("pk", whole_number, unique=True)

    def by(self, descending: bool) -> list[str]:
        return ["-path" if descending else "path"]

    def beyond(self, cursor: Any, descending: bool) -> list[Q]:
        here = SigningCertificate.objects.filter(pk=cursor.id).values(at=path())
        return [Q(**{"path__lt" if descending else "path__gt": here})]


def chain(pk: int) -> list[SigningCertificate]:
    """A certificate and those above it, itself first, without private keys, in one query; empty when it is gone.

    Each has its parent, so that `trust_anchors.up_from` needs no further query.
    """
    if pk > LARGEST:
        return []
    ids = RawSQL(_CHAIN, [pk])  # noqa: S611  # a constant; the id is a parameter
    found = SigningCertificate.objects.defer("request", "sealed_private_key").filter(pk__in=ids)
    by_id = {each.pk: each for each in found}
    above: list[SigningCertificate] = []
    while pk in by_id:
        above.append(by_id.pop(pk))
        pk = above[-1].parent_id or 0
    for below, parent in itertools.pairwise(above):
        below.parent = parent
    return above
