"""Base classes of the support pages: look-ups limited to declared filters, searches, fields that report bad input."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst

from portal import first_names, identifiers, kept_forms, zones
from portal.attempts import record_refusal
from portal.audit import Subject
from portal.forms import LinesField, LocalTimeField, RecordForm
from portal.refusals import Refused
from portal.sort_names import sort_name

# Records of one kind that a search over all kinds lists.
SHOWN = 10
Timeline = Callable[[HttpRequest, Any, str], str]
_timelines: list[Timeline] = []


def register_timeline(of: Timeline) -> None:
    """Register the timeline of a record as HTML; "" for records without one. The text is the address of its page."""
    _timelines[:] = [of]


def timeline(request: HttpRequest, record: Any, address: str) -> str:
    """The registered timeline."""
    return _timelines[0](request, record, address)


# The parameter of the audit log that names one object, as `kind:id`.
OBJECT = "object"
_MOST_WORDS = 8
_FILTER_SUFFIXES = frozenset({"", "exact", "isnull", "id__exact"})


class ListField(LinesField):
    """A list of texts, one a line. JSON, which a page from before an upgrade sends, is read too."""

    def __init__(self, encoder: Any = None, decoder: Any = None, **options: Any) -> None:
        super().__init__(**{**options, "help_text": "One a line."})

    def clean(self, value: Any) -> list[str]:
        try:
            parsed = json.loads(value)
        except (TypeError, ValueError, RecursionError):
            parsed = None
        return parsed if isinstance(parsed, list) else super().clean(value)


def _lines_of(field: models.Field) -> Callable[[Any], str]:
    """A list of texts where it is only shown: one a line, where Django shows JSON."""

    @admin.display(description=str(field.verbose_name))
    def lines(record: Any) -> str:
        return "\n".join(map(str, getattr(record, field.name))) or "-"

    lines.__name__ = field.name
    return lines


def one_of(column: str, known: Sequence[tuple[str, str]]) -> type[admin.SimpleListFilter]:
    """A filter by known values of a column. Django's own filter reads the whole table to find the values."""

    class KnownValuesFilter(admin.SimpleListFilter):
        title = column.replace("_", " ")
        parameter_name = f"{column}__exact"

        def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
            return known

        def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
            chosen = self.value()
            if chosen is None:
                return queryset
            if chosen not in dict(known):
                raise IncorrectLookupParameters(column)
            return queryset.filter(**{column: chosen})

    return KnownValuesFilter


class SupportAdmin(admin.ModelAdmin):
    """A support page. Its list accepts only the declared filters, where Django lets a URL match many columns.

    It needs no jQuery, which would be two thirds of its weight: it has no actions, inlines or windows of choices.
    """

    media = forms.Media()
    actions = None
    show_full_result_count = False
    # Facets count the rows of each choice of each filter, and each count reads the whole table.
    show_facets = admin.ShowFacets.NEVER
    formfield_overrides = {models.JSONField: {"form_class": ListField}}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        lists = {each.name: each for each in self.opts.concrete_fields if each.default is list}
        return [
            (
                title,
                {
                    **options,
                    "fields": [_lines_of(lists[name]) if name in lists else name for name in options["fields"]],
                },
            )
            for title, options in fieldsets
        ]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        if lookup in {getattr(each, "parameter_name", "") for each in self.list_filter}:
            return True
        name, _, suffix = lookup.partition("__")
        return name in self.list_filter and suffix in _FILTER_SUFFIXES and "\0" not in str(value)

    @kept_forms.keeps(kept_forms.AnyFields)
    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().add_view(request, *args, **kwargs)

    @kept_forms.keeps(kept_forms.AnyFields)
    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().change_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm]:
        # A new class of this request. A subclass would find all its fields again.
        form = super().get_form(request, *args, **kwargs)
        start = form.__init__

        def filled_in(self: Any, *args: Any, **kwargs: Any) -> None:
            start(self, *args, **kwargs)
            kept_forms.shown_again(request, self)

        form.__init__ = filled_in  # type: ignore[method-assign]  # see above
        return form

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if not isinstance(db_field, models.DateTimeField):
            field = super().formfield_for_dbfield(db_field, request, **kwargs)
            if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
                # Its links open windows.
                field.widget = field.widget.widget
            return field
        zone = zones.current()
        field = LocalTimeField(
            label=capfirst(db_field.verbose_name), required=not db_field.blank, help_text=f"In {zones.described(zone)}."
        )
        field.zone = zone
        return field

    def identified(self, term: str) -> list[Q]:
        """Conditions, each answered by an index, for the identifiers that `term` may be."""
        return []

    def sought(self, term: str) -> list[Q]:
        """Those of `identified` for which a record is the thing itself, not one that belongs to it."""
        return self.identified(term)

    def find(self, request: HttpRequest, term: str, *, beginning: bool) -> list[Any]:
        """At most SHOWN records, and one more if there are others: those with a name or an identifier like `term`.

        With `beginning` those whose name begins so.
        """
        named = self.has_names
        name, rows = sort_name(term), self.get_queryset(request)
        if beginning:
            # No character sorts after the last.
            begins = Q(sort_name__gte=name, sort_name__lt=f"{name}\U0010ffff")
            return list(rows.filter(begins).order_by("sort_name", "pk")[: SHOWN + 1]) if named else []
        conditions = [*self.sought(term), *([Q(sort_name=name)] if named else [])]
        # Each on its own, so that each uses its index.
        found = {row.pk: row for each in conditions for row in rows.filter(each).order_by()[: SHOWN + 1]}
        return list(found.values())[: SHOWN + 1]

    @property
    def has_names(self) -> bool:
        """Whether the records are sorted by a name."""
        return any(field.name == "sort_name" for field in self.opts.fields)

    def in_search(self, record: Any) -> str:
        """What differs between records with the same name, where a search lists them."""
        return ""

    def address(self, record: Any = None) -> str:
        """The address of the page of a record, or of the list."""
        page, args = ("change", [record.pk]) if record else ("changelist", [])
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    def words(self, term: str) -> str:
        """The term in the form that the columns of `search_fields` hold."""
        return term

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """The rows that `search_term` identifies; when there are none, those that it names."""
        # PostgreSQL refuses NUL in a text, and Django's autocomplete view does not remove it.
        term = search_term.replace("\0", "").strip()
        hits = [condition for condition in self.identified(term) if queryset.order_by().filter(condition).exists()]
        if hits:
            return queryset.filter(reduce(or_, hits)), False
        if identifiers.is_whole(term):
            return queryset.none(), False
        return (self.named(request, queryset, term) if term else queryset), False

    def named(self, request: HttpRequest, queryset: QuerySet, term: str) -> QuerySet:
        """The rows that a term which identifies none finds: those with all its words in columns of `search_fields`."""
        if self.has_names and any(record.exists() for record in first_names.unread(self.model)):
            queryset = queryset.filter(first_names.first_names(self.model, Q(), term))
            self.warn_of_unread(request)
        # Each word adds a condition, and SQLite limits their number.
        found, _ = super().get_search_results(request, queryset, " ".join(self.words(term).split()[:_MOST_WORDS]))
        return found

    def warn_of_unread(self, request: HttpRequest) -> None:
        """Show that a search left names out."""
        messages.warning(
            request,
            f"The first {first_names.MOST:,} names were searched, not all. The lists of the portal can search all.",
        )

    def audit_subject(self, record: Any) -> Subject:
        """The object of the events that its History shows."""
        raise NotImplementedError

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit log with the events of this object: what machines, people and commands did."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        record = self.get_object(request, unquote(object_id))
        if record is None:
            # Django's own answer to an object that does not exist.
            return super().history_view(request, object_id, extra_context)
        if not self.has_view_or_change_permission(request, record):
            raise PermissionDenied
        subject = self.audit_subject(record)
        query = urlencode({OBJECT: f"{subject.kind}:{subject.id}"})
        return HttpResponseRedirect(f"{reverse('admin:portal_auditevent_changelist')}?{query}")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        record = context.get("original")
        if record and request.method == "GET":
            context["timeline"] = timeline(request, record, self.address(record))
        return super().render_change_form(request, context, *args, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing, so that a link cannot fill in a form."""
        return {}


class SupportForm(RecordForm):
    """The form of a record in a support page; `refused` is what the operation refused when it was sent."""

    refused: Refused | None = None

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.refused:
            self.refuse(self.refused)
        return self.cleaned_data

    def judged(self) -> set[str]:
        return set() if self.refused else super().judged()


class OperatedAdmin(SupportAdmin):
    """Base of the pages whose writes go through an operation. What it refuses is shown in the form."""

    form = SupportForm

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refused as refused:
            record_refusal(refused)
            # Once more, with the refusal as an error of the form: what was typed is still there.
            request.refused = refused  # type: ignore[attr-defined]  # read by get_form
            return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm]:
        form: Any = super().get_form(request, *args, **kwargs)
        form.refused = getattr(request, "refused", None)
        return cast("type[forms.ModelForm]", form)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except Refused as refused:
            record_refusal(refused)
            messages.error(request, str(refused))
            return HttpResponseRedirect(request.path)


class ReadOnlyAdmin(SupportAdmin):
    """A support page that shows records and changes none, for superusers too."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
