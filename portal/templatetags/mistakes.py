"""The errors of a form, for the summary above it."""

from __future__ import annotations

from typing import NamedTuple

from django import template
from django.forms import BaseForm

register = template.Library()


class Mistakes(NamedTuple):
    """`heading` holds their number. Each item is the HTML id of the field, or "", and the error."""

    heading: str
    each: list[tuple[str, str]]


@register.filter
def mistakes(form: BaseForm) -> Mistakes | None:
    """The errors of a bound form in the order of its fields; None when there are none."""
    each = [("", str(error)) for error in form.non_field_errors()]
    for field in form:
        # A group of radio buttons has no id_for_label; the id of its element is auto_id.
        target = "" if field.is_hidden else field.id_for_label or field.auto_id
        each += [(target, str(error)) for error in field.errors]
    fields = {target for target, _ in each}
    if not each:
        return None
    if "" in fields:
        return Mistakes(f"Fix {len(each)} problems", each)
    return Mistakes(f"Fix {len(fields)} field{'s' if len(fields) > 1 else ''}", each)
