"""The columns of the list pages: their heads, which of them sort, and by what.

django-tables2 declares them. Rows are printed by `keys.row_forms`, because a hundred rows of bound cells cost more
than the rest of the page.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import django_tables2 as tables

from keys.list_state import ListState
from keys.ordering import Order, moment, text, whole_number

KEY_ORDERS: Mapping[str, Order] = {
    "name": Order("sort_name", text, unique=True),
    "max_uses": Order("max_uses", whole_number),
    "uses": Order("uses", whole_number),
    "group": Order("group__sort_name", text),
    "created": Order("created_at", moment),
}
CERTIFICATE_ORDERS: Mapping[str, Order] = {
    "name": Order("sort_name", text, unique=True),
    "created": Order("created_at", moment),
    # Of its own, for a pending certificate has no end and NULL has no place in an order.
    "expires": Order("ends", moment),
}
# What the sort menu offers; where rows are cards, it is the only way to sort.
KEY_SORTS = (
    ("name", "Name, A to Z"),
    ("-name", "Name, Z to A"),
    ("-created", "Newest first"),
    ("created", "Oldest first"),
    ("-uses", "Most used first"),
    ("uses", "Least used first"),
    ("-max_uses", "Highest maximum first"),
    ("max_uses", "Lowest maximum first"),
    ("group", "Group, A to Z"),
    ("-group", "Group, Z to A"),
)


class KeyTable(tables.Table):
    """The five columns of the vendor's page, under the vendor's heads."""

    name = tables.Column("Name", order_by=KEY_ORDERS["name"].field)
    max_uses = tables.Column("Maximum # Of Private Service Edges", attrs={"th": {"class": "number"}})
    uses = tables.Column("Provisioning Key Utilization Count")
    group = tables.Column("Private Service Edges Group", order_by=KEY_ORDERS["group"].field)
    token = tables.Column("Provisioning Key", orderable=False)


class CertificateTable(tables.Table):
    """The certificates that sign edges, and their parents."""

    name = tables.Column("Name", order_by=CERTIFICATE_ORDERS["name"].field)
    description = tables.Column("Description", orderable=False)
    parent = tables.Column("Parent", orderable=False)
    issuer = tables.Column("Issued By", orderable=False)
    subject = tables.Column("Issued To", orderable=False)
    created = tables.Column("Created", order_by=CERTIFICATE_ORDERS["created"].field)
    expires = tables.Column("Expires", order_by=CERTIFICATE_ORDERS["expires"].field)
    common_name = tables.Column("Common Name", orderable=False)


@dataclass(frozen=True, slots=True)
class Head:
    """One head of a list. `aria_sort` is empty unless this column sorts; `link` is empty where none may."""

    label: str
    link: str
    aria_sort: str
    css_class: str


def heads(table: type[tables.Table], state: ListState) -> list[Head]:
    """The heads of a list in the given state."""
    return [
        Head(label, state.sorted_by(turned).link if turned else "", aria_sort, css_class)
        for label, turned, aria_sort, css_class in _columns(table, state.sort)  # type: ignore[arg-type]  # a class is hashable; its package has no types
    ]


@functools.lru_cache(maxsize=64)
def _columns(table: type[tables.Table], sort: str) -> list[tuple[str, str, str, str]]:
    """Each column's label, the order that its head leads to, and how it looks; the same for everybody."""
    # Without rows, for django-tables2 would sort them a second time.
    return [_column(column) for column in table([], order_by=sort).columns]


def _column(column: tables.columns.BoundColumn) -> tuple[str, str, str, str]:
    alias = column.order_by_alias
    aria_sort = ("descending" if alias.is_descending else "ascending") if column.is_ordered else ""
    turned = str(alias.next) if column.orderable else ""
    return str(column.header), turned, aria_sort, column.attrs["th"].get("class") or ""
