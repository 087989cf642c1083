"""Saved views: named states of a list. A private one is its owner's alone; a shared one is everybody's to use.

A view keeps filters, order, page size and columns as the query string of its list, in a canonical form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.text import slugify

from portal import audit
from portal.actors import Actor
from portal.attempts import attempt
from portal.audit_actions import Action
from portal.field_validation import clean
from portal.lists.offers import Source
from portal.models import SavedView
from portal.refusals import Invalid, Refused
from portal.secret_texts import holds_key

MOST = 50
OWN, SHARED = "own_views", "shared_views"


class Gone(Refused):
    """The view was deleted meanwhile."""

    code = "view_gone"
    status = 404
    title = "Deleted in the meantime"


def sources(listed: str, user_id: int | None) -> Mapping[str, Source]:
    """Where a list looks its menu of views up, beside what its filters offer; see `portal.lists.offers`."""
    if user_id is None:
        return {}
    of_list = f"listed = '{listed}' AND owner_id"
    table = SavedView._meta.db_table
    return {
        OWN: Source(table, f"{of_list} = {int(user_id)}", "slug"),
        SHARED: Source(table, f"{of_list} IS NULL", "slug"),
    }


def visible(listed: str, user_id: Any) -> QuerySet[SavedView]:
    """The views of a list that a user may use, own ones first."""
    return SavedView.objects.filter(Q(owner=user_id) | Q(owner=None), listed=listed).order_by("owner_id", "slug")


def find(listed: str, user_id: Any, slug: str) -> SavedView | None:
    """The view that a slug names for a user: an own one before a shared one of the same name."""
    if "\0" in slug:
        return None
    return next(iter(sorted(visible(listed, user_id).filter(slug=slug), key=lambda view: view.owner_id is None)), None)


def merged(view: SavedView, query: QueryDict) -> QueryDict:
    """The query string of a view, in which other parameters of the address win."""
    result = QueryDict(view.query, mutable=True)
    for name, values in query.lists():
        if name != "view":
            result.setlist(name, values)
    return result


def save_view(view: SavedView, *, actor: Actor) -> None:
    """Store a new view. Raises Invalid for its name, for a key in its query, or when there are enough."""
    with transaction.atomic(), _refusals():
        _clean(view)
        if any(holds_key(value) for _, values in QueryDict(view.query).lists() for value in values):
            sentence = "The search of this list holds a part of a key, which no view keeps. Clear the search first."
            raise Invalid("name", sentence, "secret")
        if SavedView.objects.filter(listed=view.listed, owner=view.owner).count() >= MOST:
            raise Invalid("name", f"There are {MOST} views of this kind. Delete one first.", "many")
        view.save(force_insert=True)
        audit.record(Action.VIEW_CREATED, actor, _subject(view), detail=_described(view))


def rename_view(view: SavedView, *, name: str, actor: Actor) -> None:
    """Give a view another name, and with it another address. Raises Gone, or Invalid for the name."""
    with attempt(Action.VIEW_EDITED, actor, _subject(view)), _refusals():
        current = _lock(view)
        current.name = name
        _clean(current)
        if current.name == view.name:
            return
        current.save(update_fields=["name", "slug"])
        audit.record(Action.VIEW_EDITED, actor, _subject(current), detail={"name": [view.name, current.name]})
        view.name, view.slug = current.name, current.slug


def delete_view(view: SavedView, *, actor: Actor) -> None:
    """Delete a view. Raises Gone."""
    with attempt(Action.VIEW_DELETED, actor, _subject(view)):
        current = _lock(view)
        subject = _subject(current)
        current.delete()
        audit.record(Action.VIEW_DELETED, actor, subject, detail=_described(view))


def _clean(view: SavedView) -> None:
    view.name = " ".join(view.name.split())
    clean(view, ["name"], {"name": _require_free_slug})


def _require_free_slug(view: SavedView) -> None:
    view.slug = slugify(view.name, allow_unicode=True)[: SavedView.LONGEST]
    if not view.slug:
        raise Invalid("name", "Enter a name with a letter or a digit.", "no_slug")
    # A name that another person uses privately is free: nobody learns of it.
    taken = SavedView.objects.filter(Q(owner=view.owner) | Q(owner=None), listed=view.listed, slug=view.slug)
    if taken.exclude(pk=view.pk).exists():
        raise Invalid("name", f"A view “{view.name}” exists already. Choose another name.", "taken")


@contextmanager
def _refusals() -> Iterator[None]:
    """Somebody took the name at the same moment."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise Invalid("name", "A view with this name exists already. Choose another name.", "taken") from None


def _lock(view: SavedView) -> SavedView:
    current = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if current is None:
        raise Gone(f"The view “{view.name}” was deleted in the meantime.")
    return current


def _subject(view: SavedView) -> audit.Subject:
    return audit.Subject("view", str(view.pk), view.name)


def _described(view: SavedView) -> dict[str, str]:
    return {"name": view.name, "list": view.listed, "shared": "no" if view.owner_id else "yes"}
