"""The filters of the keys page: what an address may ask for, what it finds, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.datastructures import MultiValueDict

from keys import choices, name_search
from keys.choices import Offer, Offers
from keys.list_state import ListState, Pair
from keys.models import ProvisioningKey, UseState
from keys.names import sort_name
from portal import zones

LONGEST_SEARCH = 200
MOST_GROUPS = 50
MOST_NEAR = 5
NAMES = (
    "q", "usage", "group", "cert", "visible", "managed", "enabled", "created_after", "created_before",
)  # fmt: skip
REPEATABLE = frozenset({"group"})
# The others are behind "More filters".
PROMOTED = frozenset({"q", "usage"})
LABELS = {
    "q": "Name contains",
    "usage": "Utilization",
    "group": "Group",
    "cert": "Signing certificate",
    "visible": "Key visibility",
    "managed": "Managed by",
    "enabled": "Status",
    "created_after": "Created from",
    "created_before": "Created until",
}
_LONGEST_SHOWN = 60


def _unknown(name: str) -> dict[str, str]:
    message = f"“{LABELS[name]}” has a value that does not exist."
    return dict.fromkeys(("invalid", "invalid_choice"), message)


def _no_group(text: str) -> str:
    """Says which groups are meant perhaps: without JavaScript nothing else leads to one that is not suggested."""
    near = ", ".join(group.name for group in choices.groups_containing(text)[:MOST_NEAR])
    return _unknown("group")["invalid"] + (f" Names that hold “{text}”: {near}." if near else "")


class GroupsField(forms.Field):
    """Groups by id or exact name; which exist is known when the form is made."""

    widget = forms.MultipleHiddenInput
    offers: Offers

    def clean(self, value: Any) -> list[int]:
        wanted = list(value or [])
        if len(wanted) > MOST_GROUPS:
            raise ValidationError(f"“{LABELS['group']}” takes at most {MOST_GROUPS} values.", code="many")
        found = [self.offers.group(text) for text in wanted]
        if None in found:
            raise ValidationError(_no_group(wanted[found.index(None)]), code="invalid")
        return [offer.id for offer in found if offer]


class CertificateField(forms.Field):
    """A signing certificate by id."""

    offers: Offers

    def clean(self, value: Any) -> int | None:
        found = self.offers.certificate(value) if value else None
        if value and found is None:
            raise ValidationError(_unknown("cert")["invalid"], code="invalid")
        return found.id if found else None


class GroupsFilter(django_filters.Filter):
    field_class = GroupsField


class CertificateFilter(django_filters.Filter):
    field_class = CertificateField


def _two(name: str, field: str, yes: str, no: str, values: tuple[str, str] = ("yes", "no")) -> Any:
    """A filter on a boolean column, with a word for each side."""
    return django_filters.TypedChoiceFilter(
        field_name=field,
        choices=((values[0], yes), (values[1], no)),
        coerce=lambda value: value == values[0],
        error_messages=_unknown(name),
    )


def _day(name: str) -> Any:
    message = f"“{LABELS[name]}” is not a date such as 2026-12-31."
    return django_filters.DateFilter(
        method=f"in_{name}", input_formats=["%Y-%m-%d"], error_messages={"invalid": message}
    )


class KeyFilter(django_filters.FilterSet):
    """Each filter narrows; a bad value makes the whole set invalid, and nothing is shown."""

    q = django_filters.CharFilter(
        method="in_q",
        max_length=LONGEST_SEARCH,
        error_messages={"max_length": f"“{LABELS['q']}” is longer than {LONGEST_SEARCH} characters."},
    )
    usage = django_filters.ChoiceFilter(method="in_usage", choices=UseState.choices, error_messages=_unknown("usage"))
    group = GroupsFilter(field_name="group", lookup_expr="in")
    cert = CertificateFilter(field_name="signing_certificate")
    visible = _two("visible", "viewable", "Viewable", "Hidden after creation")
    managed = _two("managed", "managed", "The vendor", "Your organization", ("vendor", "you"))
    enabled = _two("enabled", "enabled", "Enabled", "Disabled")
    created_after = _day("created_after")
    created_before = _day("created_before")

    def __init__(self, data: Any, queryset: QuerySet[Any], offers: Offers) -> None:
        super().__init__(data, queryset)
        for name in ("group", "cert"):
            self.form.fields[name].offers = offers

    def in_q(self, keys: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return keys.filter(name_search.containing(sort_name(value)))

    def in_usage(self, keys: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """As the words say: an unused key and a nearly used one have uses left too."""
        states = [state for state in UseState.values if state != UseState.FULL] if value == UseState.FREE else [value]
        return keys.filter(use_state__in=states)

    def in_created_after(self, keys: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return keys.filter(created_at__gte=zones.start_of(value, zones.current()))

    def in_created_before(self, keys: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        """Up to the end of that day. A day is one of the zone the page is shown in."""
        return keys.filter(created_at__lt=zones.end_of(value, zones.current()))


@dataclass(frozen=True, slots=True)
class Chip:
    """One applied filter; its link drops it."""

    text: str
    link: str


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a select."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One filter as the form shows it."""

    name: str
    label: str
    values: Sequence[str]
    options: Sequence[Option]
    errors: Sequence[str]

    @property
    def value(self) -> str:
        return self.values[-1] if self.values else ""


@dataclass(frozen=True, slots=True)
class Filtering:
    """What the filters of an address find. `keys` is None when there are none, and empty when one is bad."""

    keys: QuerySet[Any] | None
    fields: dict[str, Field]
    chips: Sequence[Chip]
    offers: Offers

    @property
    def errors(self) -> list[tuple[str, str]]:
        """The fields that are wrong, each with what is wrong."""
        return [(field.name, error) for field in self.fields.values() for error in field.errors]

    @property
    def days(self) -> list[Field]:
        """The filters that are dates."""
        return [self.fields["created_after"], self.fields["created_before"]]

    @property
    def zone(self) -> str:
        """The zone whose days they are."""
        return zones.name_of(zones.current())

    @property
    def more(self) -> int:
        """How many of the filters behind "More filters" are set."""
        return sum(len(field.values) for field in self.fields.values() if field.name not in PROMOTED)

    @property
    def is_more_wrong(self) -> bool:
        """Whether an error is behind "More filters"."""
        return any(name not in PROMOTED for name, _ in self.errors)


def read(state: ListState) -> Filtering:
    """Apply the filters of a list's state."""
    data: MultiValueDict[str, str] = MultiValueDict()
    for name, value in state.filters:
        data.appendlist(name, value)
    offers = Offers.load(data.getlist("group"), data.get("cert", ""))
    keys, errors = _chosen(data, offers) if state.filters else (None, {})
    fields = {name: _field(name, data.getlist(name), errors.get(name, []), offers) for name in NAMES}
    return Filtering(keys, fields, [_chip(pair, state, fields, offers) for pair in state.filters], offers)


def _chosen(data: MultiValueDict[str, str], offers: Offers) -> tuple[QuerySet[Any], dict[str, list[str]]]:
    """The keys that the filters leave, none when one is bad; and what is wrong with each of those."""
    chosen = KeyFilter(data, ProvisioningKey.objects.all(), offers)
    errors = {name: list(found) for name, found in chosen.form.errors.items()}
    return ProvisioningKey.objects.none() if errors else chosen.qs, errors


def _field(name: str, values: Sequence[str], errors: Sequence[str], offers: Offers) -> Field:
    shown = [value.replace("\0", "�") for value in values]
    return Field(name, LABELS[name], shown, _options(name, shown, offers), errors)


def _options(name: str, values: Sequence[str], offers: Offers) -> list[Option]:
    choices: Iterable[tuple[Any, Any]] = ()
    if name == "cert":
        choices = [(str(offer.id), offer.name) for offer in offers.certificates]
    else:
        choices = KeyFilter.base_filters[name].extra.get("choices", ())
    return [Option(str(value), str(label), str(value) in values) for value, label in choices]


def _chip(pair: Pair, state: ListState, fields: dict[str, Field], offers: Offers) -> Chip:
    name, value = pair
    text = value.replace("\0", "�")
    group: Offer | None = offers.group(value) if name == "group" else None
    words = group.name if group else next((o.label for o in fields[name].options if o.value == value), text)
    shown = words if len(words) <= _LONGEST_SHOWN else f"{words[:_LONGEST_SHOWN]}…"
    return Chip(f"{LABELS[name]}: {shown}", state.without(pair).link)
