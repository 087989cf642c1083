"""The kinds of filters. Each is one declaration: parameter, label, control, words of its chip, error.

They are django-filter's, with our words and controls, and `Related`, because its ModelChoiceFilter reads every record
it offers. A page declares its filters as a `ListFilters` of `list_filters.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from portal import zones
from portal.lists import offers
from portal.lists.counting import COUNTED, IN_A_ROW
from portal.lists.offers import LookUps, Offers, Source
from portal.sort_names import sort_name

LONGEST_TEXT = 200
MOST_VALUES = 50
# The value of `AllNames`.
EVERY = "all"
# Clean values of an empty field.
NO_VALUES: tuple[Any, ...] = (None, "", [])
_MOST_SIMILAR = 5
_LONGEST_NAMED = 60


class ListFilter(django_filters.Filter):
    """A filter with a label, a control (a template in `lists/`) and a condition on the rows.

    `condition` makes a Q of a clean value; without it the value must equal the field. `counted` makes several for the
    same rows where they are counted and no order matters, of which no row meets two; without it `condition` does.
    """

    control: ClassVar[str]
    repeatable: ClassVar[bool] = False

    def __init__(
        self,
        field_name: str = "",
        *,
        label: str,
        condition: Callable[..., Q] | None = None,
        counted: Callable[..., Sequence[Q]] | None = None,
        **options: Any,
    ) -> None:
        unknown = dict.fromkeys(("invalid", "invalid_choice"), f"“{label}” has a value that does not exist.")
        errors = {**unknown, **options.pop("error_messages", {})}
        super().__init__(field_name, label=label, error_messages=errors, **options)
        self._condition = condition
        self._counted = counted

    def __deepcopy__(self, memo: dict[int, Any]) -> ListFilter:
        # A FilterSet copies its filters for each request and sets two attributes. `copy.copy` takes five times as long.
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def condition(self, value: Any) -> Q:
        """The condition on the rows for a clean value."""
        return self._condition(value) if self._condition else Q(**{self.field_name: value})

    def most(self, value: Any) -> int:
        """How far the rows of a clean value are counted."""
        return COUNTED

    def narrow(self, rows: QuerySet[Any], value: Any, condition: Q) -> QuerySet[Any]:
        """The rows that meet the condition of a clean value, in a query that finds few of many rows soon."""
        return rows.filter(condition)

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows if value in NO_VALUES else self.narrow(rows, value, self.condition(value))

    def counted(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """The same rows, found as counting them is fastest; they cannot be filtered further."""
        if self._counted is None:
            return self.filter(rows, value)
        # Each part in a separate range of an index: for "or" PostgreSQL reads the rows, or an index from end to end.
        first, *others = (rows.order_by().filter(each) for each in self._counted(value))
        return first.union(*others, all=True) if others else first

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

    `finds` is shown in the empty field: what its condition looks for. The condition takes the text and a `NameSearch`,
    and with `look_up` the rows that these look-ups of the text find.
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

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if not value:
            return rows
        search = self.parent.name_search(value, rows)
        if self._condition is None:
            return rows.filter(search.among(Q(**{f"{self.field_name}__contains": sort_name(value)})))
        found = [self.parent.found] if self.look_up else []
        return rows.filter(self._condition(value, search, *found))

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
    index. Rows of the values in `asked` are counted up to 1,000: no index finds them, so each is asked.
    """

    control = "select"
    field_class = forms.TypedChoiceField

    def __init__(
        self,
        field_name: str = "",
        *,
        segments: Mapping[str, str] | None = None,
        asked: Collection[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(field_name, **options)
        self.segments = segments or {}
        self.asked = asked

    def most(self, value: Any) -> int:
        return IN_A_ROW if value in self.asked else COUNTED

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        return tuple((value, str(words)) for value, words in self.extra["choices"])

    def options(self, chosen: str) -> SafeString:
        """The options of its select."""
        return offers.options(self.choices, (chosen,))

    def words(self, value: str, offered: Offers | None) -> str:
        return dict(self.choices).get(value, value)


class AllNames(Choice):
    """Makes the search read all names, where it reads some first. A link sets it, so it is not under *Filter*."""

    def __init__(self) -> None:
        super().__init__(label="Names searched", choices=[(EVERY, "All")])

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows


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
    # The values that the last `clean` did not find.
    unknown: Sequence[str] = ()

    def __init__(self, *, similar: Callable[[str], Sequence[Any]] | None, suggest: str, **options: Any) -> None:
        super().__init__(**options)
        self.similar = similar
        self.suggest = suggest

    def clean(self, value: Any) -> list[int]:
        wanted = list(value or [])
        if len(wanted) > MOST_VALUES:
            raise ValidationError(f"“{self.label}” takes at most {MOST_VALUES} values.", code="many")
        found = [self.offered.find(text) for text in wanted]
        self.unknown = [text for text, offer in zip(wanted, found, strict=True) if offer is None]
        if self.unknown:
            raise ValidationError(self._not_found(), code="invalid")
        return [offer.id for offer in found if offer]

    def _not_found(self) -> str:
        """Names the unknown values, and records similar to the first: without JavaScript there are no suggestions."""
        shown = [
            Truncator(each.replace("\0", "\N{REPLACEMENT CHARACTER}")).chars(_LONGEST_NAMED)
            for each in self.unknown[:_MOST_SIMILAR]
        ]
        near = ", ".join(each.name for each in self.similar(self.unknown[0])[:_MOST_SIMILAR]) if self.similar else ""
        what = "a value that does not exist" if len(self.unknown) == 1 else "values that do not exist"
        named = ", ".join(f"“{each}”" for each in shown)
        return f"“{self.label}” has {what}: {named}." + (f" Names that hold “{shown[0]}”: {near}." if near else "")


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
