"""Filters of a list page. Each is one declaration: parameter, label, control, words of its chip, error.

A list declares a `ListFilters`, which is a django-filter FilterSet: its form cleans the address, templates print the
fields of that form, and it narrows the rows. Ours are the words and the controls, and `Related`, because
django-filter's ModelChoiceFilter reads every record it offers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString

from portal import zones
from portal.lists import offers
from portal.lists.offers import LookUps, Offers, Source
from portal.lists.state import ListState, Pair
from portal.sort_names import sort_name

LONGEST_TEXT = 200
MOST_VALUES = 50
_MOST_SIMILAR = 5
_LONGEST_CHIP = 60
NOTHING: Mapping[str, Source] = MappingProxyType({})


class ListFilter(django_filters.Filter):
    """A filter with a label, a control (a template in `lists/`) and a condition on the rows.

    `condition` makes a Q of a clean value; without it the value must equal the field.
    """

    control: ClassVar[str]
    repeatable: ClassVar[bool] = False

    def __init__(
        self,
        field_name: str = "",
        *,
        label: str,
        condition: Callable[..., Q] | None = None,
        **options: Any,
    ) -> None:
        unknown = dict.fromkeys(("invalid", "invalid_choice"), f"“{label}” has a value that does not exist.")
        errors = {**unknown, **options.pop("error_messages", {})}
        super().__init__(field_name, label=label, error_messages=errors, **options)
        self._condition = condition

    def __deepcopy__(self, memo: dict[int, Any]) -> ListFilter:
        # A FilterSet copies its filters for each request and sets two attributes. `copy.copy` takes five times as long.
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def condition(self, value: Any) -> Q:
        """The condition on the rows for a clean value."""
        return self._condition(value) if self._condition else Q(**{self.field_name: value})

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows if value in (None, "", []) else rows.filter(self.condition(value))

    @functools.cached_property
    def field(self) -> forms.Field:
        """The form field. Templates read the control and the label's words from it."""
        field = self.field_class(label=self.label, **self.extra)
        field.control = f"lists/_{self.control}.html"
        return field

    def words(self, value: str, offered: Offers | None) -> str:
        """How a chip names a value of the address."""
        return value


class Contains(ListFilter):
    """The search field of the bar: the rows whose sort name holds a text, whatever its case.

    `finds` is shown in the empty field: what its condition looks for. With `look_up` the condition takes, beside the
    text, the rows that these look-ups of the text find.
    """

    control = "search"
    field_class = forms.CharField

    def __init__(
        self,
        field_name: str,
        *,
        label: str = "Search",
        finds: str = "Name",
        look_up: Callable[[str], LookUps] | None = None,
        **options: Any,
    ) -> None:
        too_long = f"“{label}” is longer than {LONGEST_TEXT} characters."
        super().__init__(
            field_name, label=label, max_length=LONGEST_TEXT, error_messages={"max_length": too_long}, **options
        )
        self.finds = finds
        self.look_up = look_up

    @functools.cached_property
    def field(self) -> forms.Field:
        # `Any`, because templates read attributes that form fields do not have.
        field: Any = super().field
        field.finds = self.finds
        return field

    def condition(self, value: str) -> Q:
        if self._condition and self.look_up:
            return self._condition(value, self.parent.found)
        return super().condition(value) if self._condition else Q(**{f"{self.field_name}__contains": sort_name(value)})

    def searched(self, given: str) -> LookUps:
        """The look-ups of the text of the address; none for one that the field refuses."""
        return (
            self.look_up(given) if self.look_up and given and len(given) <= LONGEST_TEXT and "\0" not in given else ()
        )


class Exactly(ListFilter):
    """The rows with exactly this text."""

    control = "text"
    field_class = forms.CharField

    def __init__(self, field_name: str, **options: Any) -> None:
        super().__init__(field_name, max_length=LONGEST_TEXT, **options)


class Choice(ListFilter):
    """One of a few values.

    `segments` are those that the bar offers as links with counts, each with the tone of its state or "". Each needs an
    index.
    """

    control = "select"
    field_class = forms.TypedChoiceField

    def __init__(self, field_name: str = "", *, segments: Mapping[str, str] | None = None, **options: Any) -> None:
        super().__init__(field_name, **options)
        self.segments = segments or {}

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        return tuple((value, str(words)) for value, words in self.extra["choices"])

    def options(self, chosen: str) -> SafeString:
        """The options of its select."""
        return offers.options(self.choices, (chosen,))

    def words(self, value: str, offered: Offers | None) -> str:
        return dict(self.choices).get(value, value)


class YesNo(Choice):
    """A boolean column, with a word for each side; `values` are those of the address."""

    def __init__(
        self, field_name: str, yes: str, no: str, *, values: tuple[str, str] = ("yes", "no"), **options: Any
    ) -> None:
        choices = ((values[0], yes), (values[1], no))
        super().__init__(field_name, choices=choices, coerce=lambda value: value == values[0], **options)


class _Day(ListFilter):
    control = "day"
    field_class = forms.DateField

    def __init__(self, field_name: str, *, label: str, **options: Any) -> None:
        invalid = {"invalid": f"“{label}” is not a date such as 2026-12-31."}
        super().__init__(field_name, label=label, input_formats=["%Y-%m-%d"], error_messages=invalid, **options)


class From(_Day):
    """From the start of a day, in the zone the page is shown in."""

    def condition(self, value: Any) -> Q:
        return Q(**{f"{self.field_name}__gte": zones.start_of(value, zones.current())})


class Until(_Day):
    """Up to the end of a day, in the zone the page is shown in."""

    def condition(self, value: Any) -> Q:
        return Q(**{f"{self.field_name}__lt": zones.end_of(value, zones.current())})


class RelatedField(forms.Field):
    """Records by id or exact name; a clean value is a list of ids. The list sets `offered` when it reads an address."""

    widget = forms.SelectMultiple  # takes the list of values; templates draw the control
    offered: Offers

    def __init__(self, *, similar: Callable[[str], Sequence[Any]] | None, suggest: str, **options: Any) -> None:
        super().__init__(**options)
        self.similar = similar
        self.suggest = suggest

    def clean(self, value: Any) -> list[int]:
        wanted = list(value or [])
        if len(wanted) > MOST_VALUES:
            raise ValidationError(f"“{self.label}” takes at most {MOST_VALUES} values.", code="many")
        found = [self.offered.find(text) for text in wanted]
        if None in found:
            raise ValidationError(self._unknown(wanted[found.index(None)]), code="invalid")
        return [offer.id for offer in found if offer]

    def _unknown(self, text: str) -> str:
        """Names similar records, because without JavaScript there are no suggestions."""
        near = ", ".join(each.name for each in self.similar(text)[:_MOST_SIMILAR]) if self.similar else ""
        return self.error_messages["invalid"] + (f" Names that hold “{text}”: {near}." if near else "")


class Related(ListFilter):
    """Rows that belong to one of the chosen records: a select of the first fifty by name."""

    control = "select"
    field_class = RelatedField

    def __init__(self, field_name: str = "", *, source: Source, **options: Any) -> None:
        super().__init__(field_name, **{"similar": None, "suggest": "", **options})
        self.source = source

    def condition(self, value: list[int]) -> Q:
        return super().condition(value) if self._condition else Q(**{f"{self.field_name}__in": value})

    def words(self, value: str, offered: Offers | None) -> str:
        found = offered.find(value) if offered else None
        return found.name if found else value


class RelatedByName(Related):
    """The same for more records than a select can hold: fields that suggest names, several at a time.

    `suggest` is the name of the URL that answers `?q=`; `similar` finds records whose names hold a text.
    """

    control = "suggest"
    repeatable = True


@dataclass(frozen=True, slots=True)
class Chip:
    """One applied filter; its link drops it."""

    text: str
    link: str


class ListFilters(django_filters.FilterSet):
    """The filters of one list page. Each narrows; one bad value makes all invalid, and then no rows are shown."""

    base_filters: ClassVar[dict[str, ListFilter]]

    def __init__(self, state: ListState, rows: QuerySet[Any], beside: Mapping[str, Source] = NOTHING) -> None:
        """`beside` is what the list looks up in the same statement; `offered` has it too."""
        data: MultiValueDict[str, str] = MultiValueDict()
        for name, value in state.filters:
            data.appendlist(name, value)
        super().__init__(data if state.filters else None, rows)
        self.state = state
        related = {name: each.source for name, each in self.base_filters.items() if isinstance(each, Related)}
        sources = {**related, **beside}
        searches = {name: each for name, each in self.base_filters.items() if isinstance(each, Contains)}
        searched = [part for name, each in searches.items() for part in each.searched(data.get(name, ""))]
        self.offered, self.found = offers.load(sources, {name: data.getlist(name) for name in sources}, searched)

    @classmethod
    @functools.cache
    def segmented(cls) -> str:
        """The parameter of the filter that has segments; empty without one."""
        return next((name for name, each in cls.base_filters.items() if getattr(each, "segments", ())), "")

    @property
    def segment(self) -> list[Pair]:
        """The chosen segment; empty for all rows. A value that no segment has is "\\0"."""
        return [
            (name, value if value in getattr(self.base_filters[name], "segments", ()) else "\0")
            for name, value in self.state.filters
            if name == self.segmented()
        ]

    @functools.cached_property
    def form(self) -> forms.Form:
        """The form that cleans the address. Templates print its fields; a select has its options ready."""
        form = self.get_form_class()(self.data if self.is_bound else None)
        for name, each in self.base_filters.items():
            field: Any = form.fields[name]
            given = self.data.getlist(name)
            if isinstance(each, Related):
                offered = self.offered[name]
                field.offered = offered
                field.options = offered.options([found.id for text in given if (found := offered.find(text))])
            elif isinstance(each, Choice):
                field.options = each.options(given[-1] if given else "")
        return form

    @classmethod
    def repeatable(cls) -> Collection[str]:
        """The parameters that an address may hold several times."""
        return [name for name, each in cls.base_filters.items() if each.repeatable]

    def get_form_class(self) -> type[forms.Form]:
        return _form_class(type(self))  # type: ignore[arg-type]  # a class is hashable; its package has no types

    @property
    def chosen(self) -> QuerySet[Any] | None:
        """The rows that the filters leave; None without filters, `.none()` when a value is bad."""
        if not self.is_bound:
            return None
        return self.qs if self.is_valid() else self.queryset.none()

    @property
    def mistakes(self) -> list[tuple[str, str]]:
        """The parameters with a bad value, each with what is wrong."""
        found = self.errors if self.is_bound else {}
        return [(name, error) for name, errors in found.items() for error in errors]

    @property
    def search(self) -> list[forms.BoundField]:
        """The search field of the bar."""
        return [self.form[name] for name, each in self.base_filters.items() if isinstance(each, Contains)]

    @property
    def others(self) -> Iterator[tuple[str, str | None]]:
        """The filters under *Filter*, each with its value if it is one of a few, "" without a value, else None."""
        given = dict(self.state.filters)
        for name, each in self.base_filters.items():
            if not isinstance(each, Contains):
                value = given.get(name, "")
                is_known = not value or (isinstance(each, Choice) and value in dict(each.choices))
                yield name, value if is_known else None

    def field(self, name: str) -> forms.BoundField:
        """The field of a filter."""
        return self.form[name]

    @property
    def is_searched(self) -> bool:
        """Whether the search field has a text."""
        return any(isinstance(self.base_filters[name], Contains) for name, _ in self.state.filters)

    @property
    def is_wrong_behind(self) -> bool:
        """Whether a bad value is under *Filter*."""
        return any(not isinstance(self.base_filters[name], Contains) for name, _ in self.mistakes)

    def offers(self, name: str) -> Iterable[Any]:
        """What one filter offers to choose from."""
        each = self.base_filters[name]
        return each.choices if isinstance(each, Choice) else self.offered.get(name, ())

    @property
    def zone(self) -> str:
        """The zone in which days are meant."""
        return zones.name_of(zones.current())

    @property
    def chips(self) -> list[Chip]:
        """The applied filters, one for each value."""
        return [self._chip(name, value) for name, value in self.state.filters]

    def _chip(self, name: str, value: str) -> Chip:
        declared = self.base_filters[name]
        words = _shown(declared.words(value, self.offered.get(name)))
        shown = words if len(words) <= _LONGEST_CHIP else f"{words[:_LONGEST_CHIP]}…"
        return Chip(f"{declared.label}: {shown}", self.state.without((name, value)).link)


class _ShownField(forms.BoundField):
    """A field whose value any page can hold: a NUL, which is refused, is shown as U+FFFD."""

    def value(self) -> Any:
        value = super().value()
        return [_shown(each) for each in value] if isinstance(value, list) else _shown(value)


def _shown(value: Any) -> Any:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


class _ListForm(forms.Form):
    bound_field_class = _ShownField


@functools.cache
def _form_class(filters: type[ListFilters]) -> type[forms.Form]:
    """The form of a list's filters, made once: django-filter makes a class for each request."""
    fields = {name: each.field for name, each in filters.base_filters.items()}
    return type(f"{filters.__name__}Form", (_ListForm,), fields)
