"""How every form of the portal looks: label, hint, field, error, in one template. And the field of a local time."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import BaseTemporalField
from django.forms.renderers import TemplatesSetting
from django.utils.dateparse import parse_datetime

from portal import zones

_MINUTES = "%Y-%m-%dT%H:%M"


class PortalFormRenderer(TemplatesSetting):
    """Renders `{{ field.as_field_group }}` with the portal's own template."""

    field_template_name = "includes/_form_field.html"


class LocalTimeField(forms.DateTimeField):
    """A moment, typed as the clocks of `zone` show it; gives it in UTC. The form sets the zone and has to show it.

    A time the clocks skip is refused. One they show twice is the first of the two. A text with its own distance from
    UTC, such as `2030-12-31T23:59Z`, is taken as it is.
    """

    zone: tzinfo = UTC

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTES)
        messages = {"invalid": "Enter a date and a time, such as 2030-12-31T23:59."}
        super().__init__(widget=widget, error_messages=messages, **options)

    def prepare_value(self, value: Any) -> Any:
        """What the input shows: the minute on the clocks there."""
        if not isinstance(value, datetime):
            return value
        return zones.local(value, self.zone).replace(second=0, microsecond=0, tzinfo=None)

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        typed = self._parsed(str(value).strip())
        try:
            return self._placed(typed) if typed.tzinfo is None else typed.astimezone(UTC)
        except OverflowError:
            raise ValidationError("Enter a time before the year 10000.", code="too_late") from None

    def _parsed(self, text: str) -> Any:
        try:
            typed = parse_datetime(text)
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        return typed or BaseTemporalField.to_python(self, text)

    def _placed(self, typed: datetime) -> datetime:
        there = typed.replace(tzinfo=self.zone)
        if zones.is_skipped(there):
            name = zones.name_of(self.zone)
            raise ValidationError(
                f"Clocks in {name} skip {typed:%H:%M} on that day. Enter another time.", code="skipped"
            )
        return there.astimezone(UTC)
