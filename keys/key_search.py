"""What the search of the keys page finds: a part of a name, and identifiers, each looked up in an index first."""

from __future__ import annotations

import re

from django.db.models import Q, QuerySet, Value

from keys import machines
from keys.crypto import tokens
from keys.models import ProvisioningKey
from portal import audit, identifiers
from portal.sort_names import sort_name

_MOST = 100
_TAIL = re.compile(r"[A-Za-z0-9+/]{8}")
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}."


def condition(term: str) -> Q:
    """The keys that a search finds, after one look-up.

    A public id or the beginning of one, a key as pages abbreviate it, its tail alone, or the id of a request finds
    exactly its keys. The name of an edge finds its key beside the keys that have the term in their name.
    """
    found = list(_identified(term))
    exact = [pk for pk, is_exact in found if is_exact]
    ids = exact or [pk for pk, _ in found]
    if exact or identifiers.is_whole(term):
        # No key has the id 0: Django has no SQL for an empty list.
        return Q(pk__in=ids or [0])
    named = Q(sort_name__contains=sort_name(term))
    return named | Q(pk__in=ids) if ids else named


def _identified(term: str) -> QuerySet[ProvisioningKey, tuple[int, bool]]:
    """The id of each key that an identifier finds, and whether the term cannot mean a name as well."""
    bare = term.strip().lstrip(_ELLIPSIS)
    exact = [*_by_public_id(term), *_by_tail(bare), *_by_request(bare)]
    of_edges = Q(public_id__in=machines.answers().keys_behind_edges_named(term))
    keys = ProvisioningKey.objects.order_by()
    first, *others = (
        keys.filter(each).values_list("pk", Value(is_exact))
        for each, is_exact in [(of_edges, False), *((each, True) for each in exact)]
    )
    return first.union(*others)[:_MOST]


def _by_public_id(term: str) -> list[Q]:
    digits = tokens.public_id_in(term) or identifiers.hexadecimal(term)
    return [identifiers.beginning("public_id", digits)] if digits else []


def _by_tail(term: str) -> list[Q]:
    return [Q(token_tail=term)] if _TAIL.fullmatch(term) else []


def _by_request(term: str) -> list[Q]:
    return [Q(**{f"{column}__in": values}) for column, values in audit.keys_of_request(term).items()]
