"""What the support pages of kept records share: every write goes through an operation, managed rows are read only."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest

from keys.models.record import Record
from keys.operations import editing
from portal import actors, audit, identifiers
from portal.actors import Actor
from portal.admin_base import OperatedAdmin, SupportForm
from portal.forms import VersionField
from portal.sort_names import sort_name


class VersionedForm(SupportForm):
    """Carries the version the form was opened with, so that a stale save is noticed and nothing is lost."""

    opened_version = VersionField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "opened_version" in self.fields:
            self.fields["opened_version"].initial = self.instance.version


class RecordAdmin(OperatedAdmin):
    """Base of the pages of keys, groups and certificates."""

    form = VersionedForm
    list_per_page = 100
    ordering = ["sort_name"]

    def audit_subject(self, record: Record) -> audit.Subject:
        return editing.subject(record)

    def identified(self, term: str) -> list[Q]:
        """A name that could be an identifier too; other names are found by their parts."""
        return [Q(sort_name=sort_name(term))] if identifiers.is_whole(term) else []

    def words(self, term: str) -> str:
        return sort_name(term)

    def create(self, record: Any, *, actor: Actor) -> None:
        """Call the operation that makes the record."""
        raise NotImplementedError

    def confirmed(self, form: forms.ModelForm) -> dict[str, bool]:
        """What somebody has ticked for the operation that edits the record."""
        return {}

    def edit(self, record: Any, *, fields: Collection[str], version: int, actor: Actor) -> None:
        """Call the operation that edits the record; `confirmed` is passed on too."""
        raise NotImplementedError

    def remove(self, record: Any, *, actor: Actor) -> None:
        """Call the operation that deletes the record."""
        raise NotImplementedError

    def has_change_permission(self, request: HttpRequest, obj: Record | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.managed)

    def has_delete_permission(self, request: HttpRequest, obj: Record | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.managed)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Before a deletion the page lists what prevents it. When it is sent, the operation refuses and records that.
        if request.method == "POST":
            return [str(record) for record in objs], {}, set(), []
        return super().get_deleted_objects(objs, request)

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        actor = actors.from_request(request)
        if not change:
            self.create(obj, actor=actor)
            return
        fields = [name for name in form.changed_data if name not in form.declared_fields]
        version = form.cleaned_data.get("opened_version") or obj.version
        self.edit(obj, fields=fields, version=version, actor=actor, **self.confirmed(form))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(obj, actor=actors.from_request(request))
