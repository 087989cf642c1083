"""Whether the values of a record are accepted. Every operation that stores what somebody entered asks here, once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeAlias

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import CheckConstraint, Field, Model, Q

from portal.refusals import Fault, Invalid
from portal.secret_texts import HOLDS_KEY, holds_key

# What a model cannot know, by the name of the field it is about. A rule raises Invalid.
Rules: TypeAlias = Mapping[str, Callable[[Any], object]]

NO_RULES: Rules = MappingProxyType({})
NOT_A_TEXT = "Enter a text."
TOO_LATE = "Enter a time before the year 10000."
_NOT_A_MOMENT = "Enter a date and a time with its time zone."
# What a field holds in Python. Django would convert: True to the number 1, a list to its text.
_TYPES: tuple[tuple[type[Field] | tuple[type[Field], ...], tuple[type, ...], str], ...] = (
    (models.ForeignKey, (int,), "Choose one that exists."),
    (models.BooleanField, (bool,), "Enter true or false."),
    (models.IntegerField, (int,), "Enter a whole number."),
    (models.DecimalField, (Decimal, int, float, str), "Enter a number."),
    (models.DateTimeField, (datetime,), _NOT_A_MOMENT),
    (models.JSONField, (list,), "Enter a list."),
    ((models.CharField, models.TextField), (str,), NOT_A_TEXT),
)
_CODES = {"null": "required", "blank": "required"}


def clean(record: Model, fields: Collection[str] | None = None, rules: Rules = NO_RULES) -> None:
    """Normalize the named fields of a record and raise one Invalid that names every bad one.

    Without `fields`, all that people may edit are judged: by type, by Django's validation of the model, by the CHECK
    constraints between these fields, and by `rules`, as far as the field is sound until then. Unique constraints are
    left to the database, which answers them in the statement that writes.
    """
    known = {field.name: field for field in record._meta.concrete_fields}
    editable = {name for name, field in known.items() if field.editable and not field.primary_key}
    judged = editable if fields is None else set(fields)
    faults = [fault for name in known if name in judged for fault in _misfits(record, known[name])]
    faults += _refused_by_model(record, judged - _names(faults))
    faults += _violated(record, judged, editable, _names(faults))
    for name, rule in rules.items():
        if name not in _names(faults) and (name in judged or name not in editable):
            try:
                rule(record)
            except Invalid as refused:
                faults += refused.faults
    if faults:
        raise Invalid.of(faults)


def faults_of(error: ValidationError, field: str = NON_FIELD_ERRORS) -> list[Fault]:
    """What Django's validation found; `field` is where an error belongs that names none."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {field: error.error_list}
    return [
        Fault(name, _CODES.get(each.code or "", each.code or "invalid"), " ".join(each.messages))
        for name, errors in by_field.items()
        for each in errors
    ]


def is_changed(old: Any, new: Any) -> bool:
    """Whether an edit changes a value: what cannot be compared, such as a signaling NaN, is a change to judge."""
    try:
        return bool(old != new)
    except ArithmeticError:
        return True


def is_storable(text: str) -> bool:
    """Whether both databases can hold a text: it has no NUL, and UTF-8 can encode it (no lone surrogates)."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _names(faults: Collection[Fault]) -> set[str]:
    return {fault.field for fault in faults}


def _misfits(record: Model, field: Field) -> Iterator[Fault]:
    """What is wrong with a value before Django's validation can read it."""
    value = getattr(record, field.attname)
    if value is None:
        if not field.null:
            yield Fault(field.name, "required", str(field.error_messages["null"]))
        return
    types, sentence = next(((types, words) for kind, types, words in _TYPES if isinstance(field, kind)), ((), ""))
    if types and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
        yield Fault(field.name, "invalid", sentence)
    elif isinstance(value, datetime):
        yield from _misfits_of_moment(field.name, value)
    elif isinstance(value, str):
        yield from _misfits_of_text(field, value)
    elif isinstance(value, list) and holds_key("\n".join(each for each in value if isinstance(each, str))):
        yield Fault(field.name, "secret", HOLDS_KEY)


def _misfits_of_moment(name: str, moment: datetime) -> Iterator[Fault]:
    if moment.utcoffset() is None:
        yield Fault(name, "invalid", _NOT_A_MOMENT)
        return
    try:
        moment.astimezone(UTC)
    except OverflowError:
        yield Fault(name, "too_late", TOO_LATE)


def _misfits_of_text(field: Field, text: str) -> Iterator[Fault]:
    if not is_storable(text):
        yield Fault(field.name, "characters", "This holds a character that can't be stored. Enter it anew.")
    elif holds_key(text):
        yield Fault(field.name, "secret", HOLDS_KEY)
    elif isinstance(field, models.TextField) and field.max_length:
        # Django leaves the length of these to forms.
        try:
            MaxLengthValidator(field.max_length)(text)
        except ValidationError as error:
            yield from faults_of(error, field.name)


def _refused_by_model(record: Model, names: Collection[str]) -> Iterator[Fault]:
    others = {field.name for field in record._meta.fields} - set(names)
    try:
        record.full_clean(exclude=others, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        for fault in faults_of(error):
            is_choice = isinstance(_field(record, fault.field), models.ForeignKey)
            yield fault._replace(code="invalid_choice") if is_choice else fault


def _field(record: Model, name: str) -> Field | None:
    return next((field for field in record._meta.concrete_fields if field.name == name), None)


def _violated(record: Model, judged: set[str], editable: set[str], bad: set[str]) -> Iterator[Fault]:
    """The CHECK constraints between fields that people edit; one of a field that is bad already adds nothing."""
    for constraint in record._meta.constraints:
        names = Q(constraint.condition).referenced_base_fields if isinstance(constraint, CheckConstraint) else set()
        if not names & judged or names & bad or not names <= editable:
            continue
        # Each costs a query, and the defaults of a model satisfy its constraints.
        if all(getattr(record, name) == record._meta.get_field(name).get_default() for name in names):  # type: ignore[union-attr]  # a column
            continue
        others = {field.name for field in record._meta.fields} - names
        try:
            constraint.validate(type(record), record, exclude=others)
        except ValidationError as error:
            # Of a switch and the value it asks for, the value is missing.
            values = [name for name in names if not isinstance(_field(record, name), models.BooleanField)]
            yield Fault(min(values or names), constraint.name, " ".join(error.messages))
