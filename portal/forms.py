"""The template of form fields, and a field for local times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms.fields import BaseTemporalField
from django.forms.models import construct_instance
from django.forms.renderers import TemplatesSetting
from django.utils.dateparse import parse_datetime

from portal import zones
from portal.field_validation import NO_RULES, TOO_LATE, Rules, clean
from portal.refusals import Fault, Invalid, Refused

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
    # What is stored. The input shows minutes of a clock: unchanged, it keeps its seconds and which of two times it was.
    stored: datetime | None = None

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTES)
        messages = {"invalid": "Enter a date and a time, such as 2030-12-31T23:59."}
        super().__init__(widget=widget, error_messages=messages, **options)

    def prepare_value(self, value: Any) -> Any:
        """The local time in minutes, which the input shows."""
        if not isinstance(value, datetime):
            return value
        return zones.local(value, self.zone).replace(second=0, microsecond=0, tzinfo=None)

    def clean(self, value: Any) -> datetime | None:
        entered: datetime | None = super().clean(value)
        is_unchanged = entered and self.stored and self.prepare_value(entered) == self.prepare_value(self.stored)
        return self.stored if is_unchanged else entered

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
            raise ValidationError(TOO_LATE, code="too_late") from None

    def _local_to_utc(self, typed: datetime) -> datetime:
        local = typed.replace(tzinfo=self.zone)
        if zones.is_skipped(local):
            name = zones.name_of(self.zone)
            raise ValidationError(
                f"Clocks in {name} skip {typed:%H:%M} on that day. Enter another time.", code="skipped"
            )
        return local.astimezone(UTC)


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
        super().__init__(**{"required": False, "widget": widget, **options})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        # Browsers send the end of a line as two characters.
        return super().has_changed(self.prepare_value(initial), "\n".join(str(data or "").splitlines()))

    def clean(self, value: Any) -> list[str]:
        lines = (line.strip() for line in str(super().clean(value)).splitlines())
        return list(dict.fromkeys(line for line in lines if line))


class RefusableForm(forms.BaseForm):
    """A form that shows what an operation refused, at the fields."""

    # A page's own words for a code.
    sentences: ClassVar[Mapping[str, str]] = {}

    def refuse(self, refused: Refused) -> None:
        """Add each fault to the errors of its field, or of the form."""
        faults = refused.faults if isinstance(refused, Invalid) else [Fault("", refused.code, str(refused))]
        for field, code, sentence in faults:
            error = ValidationError(self.sentences.get(code, sentence), code=code)
            self.add_error(field if field in self.fields else None, error)


class PageForm(RefusableForm):
    """The form that a page is for: the page opens with the focus on its first field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            # A page with errors opens with the focus on their summary instead.
            shown = [field.widget for field in self.fields.values() if not field.widget.is_hidden]
            for widget in shown[:1]:
                widget.attrs["autofocus"] = True


class RecordForm(PageForm, forms.ModelForm):
    """What was entered for a record. The form parses and shows it; the operation that stores it judges it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The limits of numbers that HTML shows stay, for these are attributes already. That of a text does not: a
        # browser would cut what is pasted without a word, and make GE (Georgia) of Germany.
        for name in self._of_the_record:
            self.fields[name].validators = []
            self.fields[name].widget.attrs.pop("maxlength", None)
            if isinstance(field := self.fields[name], LocalTimeField):
                field.stored = getattr(self.instance, name)
        if "version" in self.fields:
            self.initial["version"] = self.instance.version

    @property
    def _of_the_record(self) -> set[str]:
        return {field.name for field in self.instance._meta.concrete_fields} & set(self.fields) - {"version"}

    def judged(self) -> set[str]:
        """The fields of the record that can be judged although others cannot be read."""
        return self._of_the_record & set(self.cleaned_data) & set(self.changed_data)

    def rules(self) -> Rules:
        """The rules of the operation that stores the record."""
        return NO_RULES

    def _post_clean(self) -> None:
        self.instance = construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
        if self.errors:
            # The operation is not called; the page shows all that is wrong at once nevertheless.
            rules = {name: rule for name, rule in self.rules().items() if name not in self.errors}
            try:
                with transaction.atomic():
                    clean(self.instance, self.judged(), rules)
            except Invalid as refused:
                self.refuse(refused)

    def at_version(self, version: int) -> Self:
        """The same input over another version of the record, so that saving once more means it."""
        data = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict
        data["version"] = str(version)
        return type(self)(data, instance=self.instance)


class VersionField(forms.IntegerField):
    """What a form was opened with, such as the version of its record; a person does not see it."""

    def __init__(self, **options: Any) -> None:
        messages = dict.fromkeys(("required", "invalid"), "Reload the page and try again.")
        super().__init__(widget=forms.HiddenInput, error_messages=messages, **options)


class ConfirmNameForm(PageForm, forms.Form):
    """What cannot be undone takes typing a name. `whose` is the end of the sentence "Type the name"."""

    whose: ClassVar[str] = ""
    confirm_name = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name, field = name, self.fields["confirm_name"]
        field.label = f"Type {name} to confirm"
        field.error_messages["required"] = f"Type the name{self.whose or ' to confirm'}."

    def clean_confirm_name(self) -> str:
        typed: str = self.cleaned_data["confirm_name"]
        if typed != self.name:
            raise ValidationError(f"This is not the name{self.whose}. Type {self.name}.", code="different")
        return typed
