"""The template of form fields, and a field for local times."""

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
    """A time that is typed as local time in `zone`; its value is in UTC. The form sets the zone and must show it.

    A local time that clocks skip is refused. Of one that occurs twice the first is used. Input with an offset from UTC,
    such as `2030-12-31T23:59Z`, is accepted too.
    """

    zone: tzinfo = UTC

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTES)
        messages = {"invalid": "Enter a date and a time, such as 2030-12-31T23:59."}
        super().__init__(widget=widget, error_messages=messages, **options)

    def prepare_value(self, value: Any) -> Any:
        """The local time in minutes, which the input shows."""
        if not isinstance(value, datetime):
            return value
        return zones.local(value, self.zone).replace(second=0, microsecond=0, tzinfo=None)

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        text = str(value).strip()
        try:
            typed: Any = parse_datetime(text) or BaseTemporalField.to_python(self, text)
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        try:
            return self._local_to_utc(typed) if typed.tzinfo is None else typed.astimezone(UTC)
        except OverflowError:
            raise ValidationError("Enter a time before the year 10000.", code="too_late") from None

    def _local_to_utc(self, typed: datetime) -> datetime:
        local = typed.replace(tzinfo=self.zone)
        if zones.is_skipped(local):
            name = zones.name_of(self.zone)
            raise ValidationError(
                f"Clocks in {name} skip {typed:%H:%M} on that day. Enter another time.", code="skipped"
            )
        return local.astimezone(UTC)
