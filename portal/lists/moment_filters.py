"""Filters of a list by a time to the minute; those by day are in `portal.lists.filters`."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from django.db.models import Q

from portal import zones
from portal.forms import LocalTimeField
from portal.lists.filters import ListFilter


class _MomentField(LocalTimeField):
    def __init__(self, *, error_messages: dict[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.error_messages |= error_messages

    @property
    def zone(self) -> tzinfo:  # type: ignore[override]  # read for each request
        return zones.current()


class FromMoment(ListFilter):
    """From a minute on, in the zone the page is shown in."""

    control = "moment"
    field_class = _MomentField

    def __init__(self, field_name: str, *, label: str, **options: Any) -> None:
        invalid = {"invalid": f"“{label}” is not a time such as 2026-12-31T23:59."}
        super().__init__(field_name, label=label, error_messages=invalid, **options)

    def condition(self, value: Any) -> Q:
        return Q(**{f"{self.field_name}__gte": value})


class UntilMoment(FromMoment):
    """Before a minute, in the zone the page is shown in."""

    def condition(self, value: Any) -> Q:
        return Q(**{f"{self.field_name}__lt": value})
