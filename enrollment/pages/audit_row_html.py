"""The rows of the audit log as HTML."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from enrollment.pages.audit_rows import EventRow
from portal import long_texts
from portal.lists.columns import Cells
from portal.lists.row_text import escaped, row_text

# Public ids, fingerprints and serial numbers, in which each character counts.
_IDENTIFIER = re.compile("[0-9a-f]{16,}")


class EventRowState(NamedTuple):
    """What the template branches on; the values are substituted."""

    open: bool
    by_person: bool
    is_counted: bool
    has_page: bool
    has_address: bool
    is_refused: bool
    has_request: bool
    has_reference: bool

    def for_templates(self) -> dict[str, Any]:
        """All of it by name."""
        return self._asdict()


def state_of(event: EventRow) -> EventRowState:
    """The state of a row."""
    return EventRowState(
        event.open,
        event.by_person,
        is_counted=event.times > 1,
        has_page=bool(event.resource_url),
        has_address=bool(event.address),
        is_refused=bool(event.reason),
        has_request=bool(event.request_id),
        has_reference=bool(event.reference),
    )


def values_of(event: EventRow) -> dict[str, str]:
    """The values of a row as text; those that end in `_query` are parts of an address."""
    return {
        "id": event.id,
        "label": event.label,
        "day": event.day,
        "exact": event.exact,
        "iso": event.iso,
        "who": event.who,
        "who_query": quote(event.who),
        "action": event.action,
        "code": event.code,
        "times": str(event.times),
        "kind": event.kind,
        "kind_in_a_sentence": event.kind.lower(),
        "resource": event.resource,
        "resource_url": event.resource_url,
        "reference_query": quote(event.reference),
        "interface": event.interface,
        "address": event.address,
        "address_query": quote(event.address),
        "reason": event.reason,
        "reason_code": event.reason_code,
        "request_id": event.request_id,
    }


def _facts(facts: Collection[tuple[str, str]]) -> str:
    each = []
    for label, value in facts:
        # Only a moment is HTML, and short.
        is_long = not isinstance(value, SafeString) and long_texts.is_long(value)
        shown = format_html("<code>{}</code>", value) if _IDENTIFIER.fullmatch(value) else value
        each.append((SafeString(' class="full"' if is_long else ""), label, shown))
    return format_html_join("", "<div{}><dt>{}</dt><dd>{}</dd></div>", each)


def render_rows(events: Iterable[EventRow], cells: Cells) -> Iterator[str]:
    """The rows of a page, one after the other. The details that only some have are HTML already."""
    prefix = get_script_prefix()
    for event in events:
        values = escaped(values_of(event))
        changes = {"changes": event.changes}
        values["changes"] = render_to_string("enrollment/_audit_changes.html", changes) if event.changes else ""
        values["facts"] = _facts(event.facts)
        # Names of commands have no spaces.
        values["who"] = values["who"].replace("_", "_<wbr>")
        # A row has two lines of a name, so that the details have all of it.
        values["whole"] = _facts([("Resource", event.resource)] if long_texts.is_long(event.resource) else [])
        values |= {f"{name}_title": long_texts.in_column(getattr(event, name)) for name in ("who", "resource")}
        yield row_text("enrollment/_audit_row.html", state_of(event), cells, prefix).with_values(values)
