"""What the search of the keys page finds: a part of a name, and identifiers, each looked up in an index first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db.models import Q

from keys import choices, machines
from keys.crypto import tokens
from keys.models import ProvisioningKey
from portal import audit, identifiers
from portal.lists import offers
from portal.lists.name_search import NameSearch
from portal.lists.offers import Found, LookUps
from portal.sort_names import sort_name

FINDS = "Name, id, edge or request id"
_TAIL = re.compile(r"[A-Za-z0-9+/]{8}")
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}."


def look_ups(term: str) -> LookUps:
    """The keys that the term identifies: exactly by an id, or as the key of an edge with that name."""
    bare, keys = term.strip().lstrip(_ELLIPSIS), ProvisioningKey.objects.all()
    exact = [*_by_public_id(term), *_by_tail(bare), *_by_request(bare)]
    of_edges = keys.filter(public_id__in=machines.answers().keys_behind_edges_named(term))
    return [(of_edges, False), *((keys.filter(each), True) for each in exact)]


def condition(term: str, search: NameSearch, found: Sequence[Found]) -> Q:
    """The keys that a search finds, with those that its look-ups found.

    A public id or the beginning of one, a key as pages abbreviate it, its tail alone, or the id of a request finds
    exactly its keys. The name of an edge finds its key beside the keys that have the term in their name.
    """
    exact = [each.id for each in found if each.exact]
    ids = exact or [each.id for each in found]
    if exact or identifiers.is_whole(term):
        # No key has the id 0: Django has no SQL for an empty list.
        return Q(pk__in=ids or [0])
    named = search.among(Q(sort_name__contains=sort_name(term)))
    return named | Q(pk__in=ids) if ids else named


def first(term: str) -> tuple[list[int], bool]:
    """The ids of some keys that the search finds, and whether it found or looked for an id, so that no name was read.

    They are those that its look-ups find, and the first ones by name that `choices.keys_containing` finds.
    """
    _, found = offers.load({}, {}, look_ups(term))
    exact = [each.id for each in found if each.exact]
    if exact or identifiers.is_whole(term):
        return exact, True
    return [*(each.id for each in found), *(each.pk for each in choices.keys_containing(term))], False


def _by_public_id(term: str) -> list[Q]:
    digits = tokens.public_id_in(term) or identifiers.hexadecimal(term)
    return [identifiers.beginning("public_id", digits)] if digits else []


def _by_tail(term: str) -> list[Q]:
    return [Q(token_tail=term)] if _TAIL.fullmatch(term) else []


def _by_request(term: str) -> list[Q]:
    return [Q(**{f"{column}__in": values}) for column, values in audit.keys_of_request(term).items()]
