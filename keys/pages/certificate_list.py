"""Enrollment Certificates: the columns of the list, its filters, and the view.

Unfiltered and by name from A to Z the list is a tree: roots by name, the certificates below each one behind it, by name
again. A row whose parent is not above it on the page names its parent. In every other order, and with filters, the list
is flat, because the order would tear children from their parents; there every row names its parent.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from keys import certificate_tree, machines, trust_anchors
from keys.models import ProvisioningKey, SigningCertificate
from keys.pages.certificate_access import NOT_ALLOWED, VIEW
from keys.pages.certificate_rows import CertificateMay, described, use_links
from keys.pages.certificate_state import CertificateState, condition, state_of
from keys.pages.common_filters import ManagedBy
from keys.pages.expiry_badge import SOON
from portal.lists.alerts import NeedsCare
from portal.lists.columns import Column, ListTable
from portal.lists.counting import IN_A_ROW, RowCount
from portal.lists.filters import Choice, Contains, Until
from portal.lists.list_filters import ListFilters
from portal.lists.listing import List, OpenList
from portal.lists.orders import Order, moment, text
from portal.lists.pages import list_page
from portal.lists.state import ListState
from portal.lists.written import Written
from portal.templatetags.counts import counted
from portal.tones import Tone

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_LISTED = (
    "name", "sort_name", "managed", "enabled", "description", "parent__name", "issuer", "subject", "common_name",
    "created_at", "not_before", "not_after", "serial", "fingerprint", "key_type", "sealed_with", "tried_at",
)  # fmt: skip


class CertificateTable(ListTable):
    """The columns, and the order without one. There are few certificates, so that orders need no index."""

    name = Column("Name", csv="name", order=Order("sort_name", text, unique=True), hideable=False)
    used = Column("Used by", csv=lambda each: f"{counted(each.key_count, 'key')}, {counted(each.edge_count, 'edge')}")
    # An annotation, because a pending certificate has no end and NULL has no place in an order.
    expires = Column(
        "Expires in",
        csv="not_after",
        order=Order("ends", moment),
        ascending="Expires first",
        descending="Expires last",
    )
    key_type = Column("Key type", csv="key_type", order=Order("key_type", text))
    state = Column("State", csv=lambda each: state_of(each, timezone.now()).word)
    parent = Column("Parent", csv=lambda each: each.parent.name if each.parent else "", shown=False)
    description = Column("Description", csv="description", shown=False)
    subject = Column("Subject", csv="subject", shown=False)
    issuer = Column("Issuer", csv="issuer", shown=False)
    serial = Column("Serial number", csv="serial", shown=False)
    fingerprint = Column("SHA-256 fingerprint", csv="fingerprint", shown=False)
    managed = Column("Managed by", csv=lambda each: settings.VENDOR_NAME if each.managed else "", shown=False)
    created = Column("Created", csv="created_at", order=Order("created_at", moment), shown=False)


def _by_expiry(_: str) -> Q:
    """The certificates whose badge warns that they expire soon."""
    now = timezone.now()
    return Q(not_after__gt=now, not_after__lt=now + SOON)


class CertificateFilters(ListFilters):
    """The filters of the list of certificates."""

    q = Contains("sort_name")
    state = Choice(
        label="State",
        condition=lambda state: condition(state, timezone.now()),
        choices=[(each.parameter, each.word) for each in reversed(CertificateState)],
    )
    managed = ManagedBy()
    expiry = Choice(label="Expiry", condition=_by_expiry, choices=(("soon", "Within 30 days"),))
    expires_before = Until("not_after", label="Expires until")


def _rows() -> QuerySet[Any]:
    ends = Coalesce("not_after", Value(_NEVER, output_field=DateTimeField()))
    listed = SigningCertificate.objects.select_related("parent").only(*_LISTED)
    return listed.annotate(ends=ends, path=certificate_tree.path())


def _read(certificates: QuerySet[Any]) -> list[Any]:
    """The certificates, each with how many keys and edges use it, up to 1,000, and whether anything depends on it."""
    return list(certificates.annotate(**_BESIDE_CERTIFICATES.at(timezone.now())))


def _beside_certificates(now: datetime) -> dict[str, Any]:
    keys = ProvisioningKey.objects.filter(signing_certificate=OuterRef("pk"))
    below = SigningCertificate.objects.filter(parent=OuterRef("pk"))
    # The first by edge, as in the index that begins with the issuer. For EXISTS PostgreSQL reads the certificates of
    # all issuers, expecting to find one soon, and one that has issued none makes it read them to the end.
    issued = machines.answers().issued().filter(issuer=OuterRef("pk")).order_by("edge_id", "not_after", "revoked_at")
    held = machines.answers().in_force(now).filter(issuer=OuterRef("pk")).order_by().values("edge_id")
    return {
        "key_count": RowCount(keys.order_by().values("pk"), IN_A_ROW),
        "edge_count": RowCount(held.distinct(), IN_A_ROW),
        "is_needed": Q(Exists(below)) | Q(IsNull(Subquery(issued.values("edge_id")[:1]), False)),
    }


_BESIDE_CERTIFICATES = Written(SigningCertificate, _beside_certificates, moments=1)


class _Tree(List):
    """A tree in its first order, flat in every other."""

    @staticmethod
    def is_tree(state: ListState) -> bool:
        return not state.filters and state.sort == "name"

    def order(self, wanted: ListState) -> Order:
        return certificate_tree.TreeOrder() if self.is_tree(wanted) else super().order(wanted)


CERTIFICATES = _Tree(
    name="Enrollment Certificates",
    noun="certificate",
    address="keys:certificate-list",
    permission=VIEW,
    not_allowed=NOT_ALLOWED,
    table=CertificateTable,
    filters=CertificateFilters,
    rows=_rows,
    read=_read,
    row_template="keys/_certificate_row.html",
    care=NeedsCare("expiring", "expiry", "soon", Tone.WARNING),
)


@list_page(CERTIFICATES)
def certificate_list(request: HttpRequest, opened: OpenList) -> HttpResponse:
    now, may, different = timezone.now(), CertificateMay.of(request.user), trust_anchors.with_different_root()
    is_tree, above, rows = CERTIFICATES.is_tree(opened.state), dict[int, bool](), []
    depths = [certificate_tree.depth(each.path) if is_tree else 0 for each in opened.page.rows]
    for each, depth, rails in zip(opened.page.rows, depths, certificate_tree.rails(depths), strict=True):
        shown, below = described(each, now, different), is_tree and each.parent_id in above
        # In the tree the highest certificate of a different root has the badge for all below it.
        is_marked = below and above[each.parent_id]
        above[each.pk] = is_marked or shown["has_different_root"]
        rows.append(
            {
                **shown,
                "has_different_root": shown["has_different_root"] and not is_marked,
                "id": str(each.pk),
                "open": opened.state.is_open(each.pk),
                "depth": depth,
                "rails": rails,
                "names_parent": not below,
                "is_deletable": not (each.key_count or each.is_needed),
                **use_links(each, may, each.key_count, each.edge_count),
            }
        )
    return render(request, "keys/certificate_list.html", {"list": replace(opened, rows=rows), "may": may})
