"""Private Service Edge Groups: the columns of the list, its filters, and the view."""

from __future__ import annotations

import functools
import operator
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull, LessThan
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from keys import machines
from keys.machines import DISCONNECTED
from keys.models import ProvisioningKey, ServiceEdgeGroup
from keys.pages.common_filters import ManagedBy
from keys.pages.group_access import NOT_ALLOWED, VIEW
from keys.pages.group_map import group_map
from keys.pages.group_row_html import newest_members, render_rows
from keys.pages.group_rows import MOST_EDGES, EdgeCounts, GroupMay, read
from keys.update_schedule import next_update_at
from portal import world_map
from portal.lists.columns import Column, ListTable
from portal.lists.counting import words
from portal.lists.filters import Choice, Contains, Exactly, ListFilter, YesNo
from portal.lists.list_filters import ListFilters
from portal.lists.listing import List, OpenList
from portal.lists.offers import Offers
from portal.lists.orders import Order, text, whole_number
from portal.lists.pages import list_page
from portal.lists.paging import Chosen
from portal.lists.row_text import page_with_rows
from portal.sort_names import sort_name
from portal.tones import Tone
from portal.world_map import Area

# Of each row's keys and edges.
SHOWN = 5
STATUS = {True: "Enabled", False: "Disabled"}


class GroupTable(ListTable):
    """The columns of the vendor's page, how many keys and edges a group has, and what only CSV has."""

    name = Column("Name", csv="name", order=Order("sort_name", text, unique=True), hideable=False)
    status = Column("Status", csv=lambda group: STATUS[group.enabled])
    key_count = Column("Keys", csv=lambda group: words(group.key_count), css_class="number")
    edges = Column("Edges", csv=lambda group: EdgeCounts.of(group.edge_words, MOST_EDGES).words)
    location = Column("Location", csv="place", order=Order("location", text))
    profile = Column("Version Profile", csv=lambda group: group.get_version_profile_display())
    # An annotation, because the order depends on the time: the next update comes first.
    update = Column(
        "Next Periodic Software Update",
        csv=lambda group: datetime.fromtimestamp(group.next_at, UTC),
        order=Order("next_at", whole_number),
        ascending="Next update first",
        descending="Next update last",
    )
    city = Column("City", csv="city", shown=False)
    country = Column("Country", csv="country_code", shown=False)
    latitude = Column("Latitude", csv="latitude", shown=False)
    longitude = Column("Longitude", csv="longitude", shown=False)
    description = Column("Description", csv="description", shown=False)
    managed = Column("Managed By", csv=lambda group: settings.VENDOR_NAME if group.managed else "", shown=False)
    created = Column("Created", csv="created_at", shown=False)
    created_by = Column("Created By", csv="created_by", shown=False)


class AreaField(forms.CharField):
    """Parts of the Earth as the map writes them; a clean value is a list of areas."""

    def clean(self, value: Any) -> list[Area]:
        text = super().clean(value)
        try:
            return world_map.read_areas(text) if text else []
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class InArea(ListFilter):
    """Groups in one of some parts of the Earth, as a dot of the map names them."""

    control = "text"
    field_class = AreaField

    def __init__(self, label: str) -> None:
        wrong = f"“{label}” is not south, west, north and east in degrees, such as 47,5,55,15."
        super().__init__(label=label, max_length=1000, error_messages={"invalid": wrong, "max_length": wrong})

    def condition(self, value: list[Area]) -> Q:
        areas = (Q(latitude__range=(each.south, each.north), longitude__range=(each.west, each.east)) for each in value)
        return functools.reduce(operator.or_, areas)

    def words(self, value: str, offered: Offers | None) -> str:
        try:
            whole = world_map.around(world_map.read_areas(value))
        except ValueError:
            return value
        return f"latitude {whole.south:g} to {whole.north:g}, longitude {whole.west:g} to {whole.east:g}"


def _by_edges(word: str) -> Q:
    """The groups without edges, or with an edge in the state of this word.

    Each group is asked for its first such edge. For EXISTS PostgreSQL may read all edges of all groups. With `IS NULL`
    it expects few groups and asks all of them for a page; with `<` it expects a third.
    """
    edges = machines.answers().edges_of_groups(timezone.now()).filter(group=OuterRef("pk")).order_by()
    if word == "none":
        return Q(LessThan(Coalesce(Subquery(edges.values("pk")[:1]), 0), 1))
    return Q(IsNull(Subquery(edges.filter(word=word).values("pk")[:1]), False))


def _by_use(word: str) -> Q:
    """Without keys and without edges a group can be deleted; deleted edges keep their rows."""
    keys = ProvisioningKey.objects.filter(group=OuterRef("pk"))
    edges = machines.answers().edges().filter(group=OuterRef("pk")).order_by()
    is_used = Q(Exists(keys)) | Q(Exists(edges))
    return is_used if word == "used" else ~is_used


class GroupFilters(ListFilters):
    """The filters of the list of groups."""

    q = Contains(
        "sort_name",
        finds="Name or place",
        condition=lambda term, search: search.among(
            Q(sort_name__contains=sort_name(term)) | Q(location__icontains=term) | Q(city__icontains=term)
        ),
    )
    edges = Choice(
        label="Edges",
        segments={DISCONNECTED: Tone.WARNING},
        asked=(DISCONNECTED, "none"),
        condition=_by_edges,
        choices=((DISCONNECTED, "Disconnected"), ("none", "No edges")),
    )
    enabled = YesNo("enabled", STATUS[True], STATUS[False], label="Status")
    use = Choice(label="Use", condition=_by_use, choices=(("used", "In use"), ("unused", "Not used")))
    profile = Choice("version_profile", label="Version profile", choices=ServiceEdgeGroup.VersionProfile.choices)
    country = Exactly("country_code", label="Country code", condition=lambda code: Q(country_code=code.upper()))
    area = InArea("Area")
    managed = ManagedBy()

    def for_page(self, total: int, order: Order, of: int = 0) -> Chosen | None:
        # Edges and use have no index that finds groups: all groups would be asked for those of a page.
        return super().for_page(total, order) if self.is_searched else self.chosen


def _rows() -> QuerySet[Any]:
    return ServiceEdgeGroup.objects.annotate(next_at=next_update_at(timezone.now()))


GROUPS = List(
    name="Service Edge Groups",
    noun="group",
    address="keys:group-list",
    permission=VIEW,
    not_allowed=NOT_ALLOWED,
    table=GroupTable,
    filters=GroupFilters,
    rows=_rows,
    read=read,
    row_template="keys/_group_row.html",
    row_permissions=["keys.change_serviceedgegroup", "keys.delete_serviceedgegroup"],
)


@list_page(GROUPS)
def group_list(request: HttpRequest, opened: OpenList) -> HttpResponse:
    now, may, found = timezone.now(), GroupMay.of(request.user), opened.page.rows
    members = newest_members([group.pk for group in found], SHOWN, may, now)
    # Beside the first page: on later ones people look for a row.
    shown = group_map(opened.page.of) if opened.page.number == 1 and opened.page.of else None
    rows = render_rows(found, may, now, MOST_EDGES, members, opened.state.is_open, opened.cells)
    return page_with_rows(request, "keys/group_list.html", {"list": opened, "may": may, "map": shown}, rows)
