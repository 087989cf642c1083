"""Enrollment Certificates: the columns of the list, its filters, and the view."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.db.models import DateTimeField, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import machines, trust_anchors
from keys.models import ProvisioningKey, SigningCertificate
from keys.pages.certificate_access import NOT_ALLOWED, VIEW
from keys.pages.certificate_rows import CertificateMay, described
from keys.pages.common_filters import ManagedBy
from portal.access import requires
from portal.lists.columns import Column, ListTable
from portal.lists.counting import RowCount, capped
from portal.lists.filters import Choice, Contains, ListFilters, Until
from portal.lists.listing import List
from portal.lists.orders import Order, moment, text

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_LISTED = (
    "name", "sort_name", "managed", "enabled", "description", "parent__name", "issuer", "subject", "common_name",
    "created_at", "not_before", "not_after", "serial", "fingerprint", "key_type", "sealed_with", "tried_at",
)  # fmt: skip


class CertificateTable(ListTable):
    """The vendor's columns. There are few certificates, so that orders need no index."""

    name = Column("Name", order=Order("sort_name", text, unique=True), hideable=False)
    description = Column("Description")
    parent = Column("Parent")
    issuer = Column("Issued By")
    subject = Column("Issued To")
    created = Column("Created", order=Order("created_at", moment), ascending="Oldest first", descending="Newest first")
    # An annotation, because a pending certificate has no end and NULL has no place in an order.
    expires = Column("Expires", order=Order("ends", moment), ascending="Expires first", descending="Expires last")
    common_name = Column("Common Name")


def _in_state(state: str) -> Q:
    """The states exclude each other; the first that applies counts."""
    pending, expired = Q(not_after=None), Q(not_after__lte=timezone.now())
    states = {
        "pending": pending,
        "expired": ~pending & expired,
        "disabled": ~pending & ~expired & Q(enabled=False),
        "parent": ~pending & ~expired & Q(enabled=True, sealed_with=None),
        "signs": ~pending & ~expired & Q(enabled=True, sealed_with__isnull=False),
    }
    return states[state]


class CertificateFilters(ListFilters):
    """The filters of the list of certificates."""

    q = Contains("sort_name", label="Name contains", promoted=True)
    state = Choice(
        label="State",
        promoted=True,
        condition=_in_state,
        choices=(
            ("signs", "Signs edges"),
            ("parent", "Only a parent: no private key here"),
            ("pending", "Pending"),
            ("disabled", "Disabled"),
            ("expired", "Expired"),
        ),
    )
    managed = ManagedBy()
    expires_before = Until("not_after", label="Expires until")


def _rows() -> QuerySet[Any]:
    ends = Coalesce("not_after", Value(_NEVER, output_field=DateTimeField()))
    return SigningCertificate.objects.select_related("parent").only(*_LISTED).annotate(ends=ends)


def _read(certificates: QuerySet[Any]) -> list[Any]:
    """The certificates, each with how many keys use it and how many live certificates it issued; capped counts."""
    keys = ProvisioningKey.objects.filter(signing_certificate=OuterRef("pk"))
    live = machines.answers().in_force(timezone.now()).filter(issuer=OuterRef("pk"))
    return list(certificates.annotate(keys_used=RowCount(capped(keys)), live_issued=RowCount(capped(live))))


CERTIFICATES = List(
    name="Enrollment Certificates",
    noun="certificate",
    table=CertificateTable,
    filters=CertificateFilters,
    rows=_rows,
    read=_read,
    row_template="keys/_certificate_row.html",
)


@require_safe
@requires(VIEW, NOT_ALLOWED)
def certificate_list(request: HttpRequest) -> HttpResponse:
    opened, now = CERTIFICATES.open(request), timezone.now()
    may, different = CertificateMay.of(request.user), trust_anchors.with_different_root()
    key_list = reverse("keys:key-list")
    rows = [
        {
            "id": str(each.pk),
            "open": opened.state.is_open(each.pk),
            "keys_url": f"{key_list}?cert={each.pk}" if may.view_keys and not each.is_pending else "",
            "key_count": each.keys_used,
            "live": each.live_issued,
            **described(each, now, different),
        }
        for each in opened.page.rows
    ]
    return render(request, "keys/certificate_list.html", {"list": replace(opened, rows=rows), "may": may})
