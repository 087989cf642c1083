"""What all support pages share: closed look-ups and tolerant input; and pages that only show."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest

_FILTER_SUFFIXES = frozenset({"", "exact", "isnull", "id__exact"})


class StrictJSONField(forms.JSONField):
    """JSON whose every fault is a field error: also numbers of thousands of digits and endless nesting."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (ValueError, RecursionError):
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": "?"}) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed, as it was typed: decoding it may fail, or yield what no page can hold."""
        return initial if self.disabled else InvalidJSONInput(data or "")


class SupportAdmin(admin.ModelAdmin):
    """Lists are filtered by their own filters alone; Django would let an address read and match any column."""

    actions = None
    show_full_result_count = False
    formfield_overrides = {models.JSONField: {"form_class": StrictJSONField}}

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        name, _, suffix = lookup.partition("__")
        return name in self.list_filter and suffix in _FILTER_SUFFIXES and "\0" not in str(value)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        # PostgreSQL refuses NUL in a text, and the autocomplete view passes it on.
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing: an address does not fill a form in."""
        return {}


class ReadOnlyAdmin(SupportAdmin):
    """Nobody adds, changes or deletes here, superusers included."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
