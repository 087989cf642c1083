"""The answers to what keys ask about machines (`keys.machines.Machines`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography import x509
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from enrollment import search, trial_certificate
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.pages import deploy, edge_rows, edge_words, recent_use, timeline
from enrollment.pages.edge_rows import annotated, described
from keys.crypto.ca_certificates import Authority, PrivateKey
from portal import record_addresses

SHOWN_EDGES = 25


class EnrolledMachines:
    """Answers from the tables of this app. `keys.machines.Machines` documents the methods."""

    def beside_keys(self) -> Mapping[str, Combinable]:
        return recent_use.expressions()

    def recent_use(self, key_id: int, values: Mapping[str, Any]) -> str:
        return recent_use.entries(key_id, values)

    def key_sections(self, request: HttpRequest, row: Mapping[str, Any], back: Any) -> str:
        url = record_addresses.of("keys:key-detail", row["id"])
        context = {
            "row": row,
            "back": back,
            "timeline": timeline.of_key(request, url, row["id"], row["public_id"], back.suffix.removeprefix("?")),
        }
        if request.user.has_perm("enrollment.view_serviceedge"):
            found = ServiceEdge.objects.filter(key_public_id=row["public_id"]).order_by("-use_number")
            now = timezone.now()
            edges = [described(edge, now) for edge in annotated(found)[:SHOWN_EDGES]]
            context |= {
                "may_see_edges": True,
                "edges": edges,
                "shown": SHOWN_EDGES,
                "any_revocable": len(edges) == SHOWN_EDGES or any(edge.revocable for edge in edges),
                "may_revoke": request.user.has_perm("enrollment.revoke_issuedcertificate"),
            }
        return render_to_string("enrollment/_key_sections.html", context)

    def deploy(self, request: HttpRequest, *, reveal: str = "", inserts: bool = False, shown: bool = False) -> str:
        return deploy.section(request, reveal=reveal, inserts=inserts, shown=shown)

    def step_by_step(self) -> str:
        return reverse("enrollment:edge-add-choose-key")

    def keys_of_edges_named(self, name: str) -> list[str]:
        return search.keys_of_edges_named(name)

    def keys_behind_edges_named(self, name: str) -> QuerySet[Any]:
        return search.edges_named(name).values("key_public_id")

    def issued(self) -> QuerySet[IssuedCertificate]:
        return IssuedCertificate.objects.all()

    def in_force(self, now: datetime) -> QuerySet[IssuedCertificate]:
        return IssuedCertificate.objects.in_force(now)

    def edges(self) -> QuerySet[ServiceEdge]:
        return ServiceEdge.objects.all()

    def edges_of_groups(self, now: datetime) -> QuerySet[ServiceEdge]:
        return edge_words.with_word(ServiceEdge.objects.live(), now)

    def described_edges(self, edges: QuerySet[ServiceEdge], now: datetime) -> Sequence[edge_rows.Member]:
        return edge_rows.members(edges, now)

    def edges_in_group(self, user: Any) -> str:
        return f"{reverse('enrollment:edge-list')}?group=" if user.has_perm("enrollment.view_serviceedge") else ""

    def events_of_group(self, user: Any, pk: int) -> str:
        log = f"{reverse('enrollment:audit-log')}?resource=group:{pk}"
        return log if user.has_perm("portal.view_auditevent") else ""

    def edges_below(self, user: Any) -> str:
        return f"{reverse('enrollment:edge-list')}?cert=" if user.has_perm("enrollment.view_serviceedge") else ""

    def trial_certificate(self, authority: Authority, now: datetime) -> tuple[x509.Certificate, PrivateKey]:
        return trial_certificate.make(authority, now)
