"""Service Edge Keys, the page everybody lives on: its columns, its filters, and the view."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from keys import key_search
from keys.models import KeyState, ProvisioningKey, SigningCertificate, UseState
from keys.models.provisioning_key import NAMED
from keys.pages import key_rows
from keys.pages.common_filters import InGroup, ManagedBy
from keys.pages.key_bulk import KEY_ACTIONS
from keys.pages.key_rows import May
from keys.pages.presentation import STATE_TONES
from keys.pages.row_html import render_rows
from keys.state_filter import ASKED, in_state
from portal.lists.alerts import NeedsCare
from portal.lists.columns import NOT_EXPORTED, Column, ListTable
from portal.lists.filters import Choice, Contains, From, Related, Until, YesNo
from portal.lists.list_filters import ListFilters
from portal.lists.listing import List, OpenList
from portal.lists.offers import Source
from portal.lists.orders import Order, moment, text, whole_number
from portal.lists.pages import list_page
from portal.lists.row_text import page_with_rows
from portal.tones import Tone

NOT_ALLOWED = "You can't view provisioning keys. Ask an administrator for the Viewer role."
# A pending certificate has signed nothing, and no key has it.
VISIBILITY = {True: "Viewable", False: "Hidden after creation"}
CERTIFICATES = Source(SigningCertificate._meta.db_table, "not_after IS NOT NULL")
# Four fifths of a limit that is not reached are at least 4 of 5.
_USED = Q(uses__gte=1)
_LEAST_USES = {UseState.UNUSED: Q(uses=0), UseState.FREE: _USED, UseState.HIGH: Q(uses__gte=4), UseState.FULL: _USED}
_LEAST_MAX_USES = {UseState.UNUSED: Q(), UseState.FREE: Q(), UseState.HIGH: Q(max_uses__gte=5), UseState.FULL: Q()}


class KeyTable(ListTable):
    """The five columns of the vendor's page, under the vendor's heads; and what only CSV and the sort menu have."""

    name = Column(
        "Name",
        csv="name",
        order=Order("sort_name", text, unique=True, filtered=NAMED, merged=("use_state", UseState.values)),
        hideable=False,
    )
    max_uses = Column(
        "Maximum # Of Private Service Edges",
        csv="max_uses",
        order=Order("max_uses", whole_number, implied=("use_state", _LEAST_MAX_USES)),
        ascending="Lowest maximum first",
        descending="Highest maximum first",
        css_class="number",
    )
    uses = Column(
        "Provisioning Key Utilization Count",
        csv="uses",
        order=Order("uses", whole_number, implied=("use_state", _LEAST_USES)),
        ascending="Least used first",
        descending="Most used first",
    )
    group = Column(
        "Private Service Edges Group",
        csv="group__name",
        order=Order("group__sort_name", text),
        ascending="Group, A to Z",
        descending="Group, Z to A",
    )
    token = Column("Provisioning Key", csv=NOT_EXPORTED)
    state = Column("State", csv=key_rows.state_word, shown=False)
    cert = Column("Signing Certificate", csv="signing_certificate__name", shown=False)
    visible = Column("Key Visibility", csv=lambda key: VISIBILITY[key.viewable], shown=False)
    managed = Column("Managed By", csv=lambda key: settings.VENDOR_NAME if key.managed else "", shown=False)
    expires = Column("Expires", csv="expires_at", shown=False)
    last_used = Column("Last Used", csv="last_used_at", shown=False)
    last_used_by = Column("Last Used By", csv="last_used_by", shown=False)
    created = Column("Created", csv="created_at", order=Order("created_at", moment), shown=False)
    created_by = Column("Created By", csv="created_by", shown=False)


def _by_use(state: str) -> Q:
    """An unused key and a nearly used one have uses left too."""
    if state == UseState.FREE:
        return Q(use_state__in=[each for each in UseState.values if each != UseState.FULL])
    return Q(use_state=state)


def _counted_by_use(state: str) -> list[Q]:
    """With a condition that every key meets: only one index has both columns.

    Without it PostgreSQL counts unused keys in an index that it reads from end to end.
    """
    return [_by_use(state) & Q(sort_name__gte="")]


class KeyFilters(ListFilters):
    """The filters of the keys page."""

    q = Contains("sort_name", finds=key_search.FINDS, look_up=key_search.look_ups, condition=key_search.condition)
    usage = Choice(
        label="Utilization",
        choices=UseState.choices,
        condition=_by_use,
        counted=_counted_by_use,
        segments={
            UseState.HIGH: STATE_TONES[KeyState.NEARLY_USED_UP],
            UseState.FULL: STATE_TONES[KeyState.AT_LIMIT],
            UseState.UNUSED: Tone.OFF,
        },
    )
    state = Choice(
        label="State",
        choices=KeyState.choices,
        asked=ASKED,
        condition=lambda word: in_state(KeyState(word), timezone.now()),
        counted=lambda word: [in_state(KeyState(word), timezone.now(), counted=True)],
    )
    group = InGroup()
    cert = Related("signing_certificate", label="Signing certificate", source=CERTIFICATES)
    visible = YesNo("viewable", VISIBILITY[True], VISIBILITY[False], label="Key visibility")
    managed = ManagedBy()
    enabled = YesNo("enabled", "Enabled", "Disabled", label="Status")
    created_after = From("created_at", label="Created from")
    created_before = Until("created_at", label="Created until")


KEYS = List(
    name="Service Edge Keys",
    noun="key",
    address="keys:key-list",
    permission="keys.view_provisioningkey",
    not_allowed=NOT_ALLOWED,
    table=KeyTable,
    filters=KeyFilters,
    rows=ProvisioningKey.objects.all,
    read=key_rows.read_all,
    read_exported=key_rows.read,
    row_template="keys/_key_row.html",
    row_permissions=["keys.reveal_provisioningkey", "keys.change_provisioningkey", "keys.delete_provisioningkey"],
    bulk=KEY_ACTIONS,
    record_address="keys:key-detail",
    unselectable="managed",
    unselectable_reason=lambda: f"managed by {settings.VENDOR_NAME}",
    care=NeedsCare("at limit", "usage", UseState.FULL, STATE_TONES[KeyState.AT_LIMIT]),
)


@list_page(KEYS)
def key_list(request: HttpRequest, opened: OpenList) -> HttpResponse:
    may = May.of(request.user)
    rows = render_rows(opened.page.rows, may, opened.state.is_open, opened.cells)
    return page_with_rows(request, "keys/key_list.html", {"list": opened, "may": may}, rows)
