"""The support pages of enrolled edges and of their certificates."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from enrollment import search
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import delete_edge, edit_edge
from enrollment.pages.connection import connection
from portal import actors
from portal.admin_base import OperatedAdmin, ReadOnlyAdmin


@admin.register(ServiceEdge)
class ServiceEdgeAdmin(OperatedAdmin):
    """The edges that are not deleted. Deleting one revokes its certificates and keeps its row."""

    list_display = ["name", "group", "key_name", "enabled", "connection", "version", "enrolled_at", "enrolled_from"]
    list_filter = ["enabled"]
    list_select_related = ["group"]
    search_fields = ["name", "key_name"]
    search_help_text = (
        "A part of the edge's or its key's name, a UUID, a serial (hexadecimal or decimal), a SHA-256 fingerprint, or "
        "its key's public id; colons are fine."
    )
    fields = (
        "name", "description", "enabled", "uuid", "group", "key_name", "key_public_id", "use_number", "enrolled_at",
        "enrolled_from", "connection", "last_contact_at", "version", "platform", "addresses",
    )  # fmt: skip
    readonly_fields = tuple(fields[3:])

    @admin.display(description="connection")
    def connection(self, edge: ServiceEdge) -> str:
        """The connection's state, with the time of the last contact when it is lost."""
        found = connection(edge.last_contact_at, timezone.now())
        return f"{found.word} {found.last.text}" if found.tone == "lost" and found.last else found.word

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceEdge]:
        return super().get_queryset(request).filter(deleted_at=None)

    def identified(self, term: str) -> list[Q]:
        return search.edges(term)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Nothing cascades: the edge is marked as deleted and its certificates are revoked.
        return [str(edge) for edge in objs], {}, set(), []

    def save_model(self, request: HttpRequest, obj: ServiceEdge, form: ModelForm, change: bool) -> None:
        edit_edge(obj, fields=form.changed_data, actor=actors.from_request(request))

    def delete_model(self, request: HttpRequest, obj: ServiceEdge) -> None:
        delete_edge(obj, actor=actors.from_request(request))


@admin.register(IssuedCertificate)
class IssuedCertificateAdmin(ReadOnlyAdmin):
    """All issued certificates."""

    list_display = ["serial", "edge", "issuer", "not_before", "not_after", "revoked_at", "revocation_reason"]
    list_select_related = ["edge", "issuer"]
    search_fields = ["edge__name"]
    search_help_text = "A serial (hexadecimal or decimal) or a SHA-256 fingerprint, colons are fine, or an edge's name."
    exclude = ["der"]

    def identified(self, term: str) -> list[Q]:
        return search.certificates(term)
