"""The support pages of enrolled edges, of their certificates and of the audit log."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from enrollment import audit_search, search
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import delete_edge, edit_edge
from enrollment.pages import audit_rows, edge_health
from enrollment.pages.edge_detail import SHOWN_CERTIFICATES
from enrollment.pages.edge_rows import annotated
from enrollment.pages.edge_state import edge_state
from portal import actors, audit_detail, first_names, identifiers
from portal.admin_base import OBJECT, OperatedAdmin, ReadOnlyAdmin, one_of
from portal.audit import REQUEST_ID, Subject
from portal.lists.name_search import NameSearch
from portal.long_texts import column
from portal.models import AuditEvent
from portal.sort_names import sort_name
from portal.times import stamp
from portal.tones import dot_and_word

_INTERFACES = [(name, name) for name in ("portal", "support", "enrollment", "api", "command")]
# Whose certificates a part of a name finds.
MOST_EDGES = 1_000
_OF_CERTIFICATES = ("serial", "not_after", "revoked_at", "revocation_reason", "issuer__name")


def _change_address(certificate: IssuedCertificate) -> str:
    return reverse("admin:enrollment_issuedcertificate_change", args=[certificate.pk])


def _fate(certificate: IssuedCertificate, now: datetime) -> str:
    if certificate.revoked_at:
        return f"revoked {stamp(certificate.revoked_at).text}: {certificate.get_revocation_reason_display()}"
    verb = "expired" if certificate.not_after <= now else "valid until"
    return f"{verb} {stamp(certificate.not_after).text}"


@admin.register(ServiceEdge)
class ServiceEdgeAdmin(OperatedAdmin):
    """The edges that are not deleted. Deleting one revokes its certificates and keeps its row."""

    list_display = [
        "name",
        "state",
        *(column(ServiceEdge, field) for field in ("group", "key_name", "version")),
        "enrolled_at",
        "enrolled_from",
    ]
    list_filter = ["enabled"]
    list_select_related = ["group"]
    search_fields = ["sort_name__contains"]
    search_help_text = (
        "A part of the edge's name, its key's whole name, a UUID, a serial (hexadecimal or decimal), a SHA-256 "
        "fingerprint, or its key's public id; colons are fine."
    )
    fields = (
        "name", "description", "enabled", "state", "health", "uuid", "group", "key", "key_public_id", "certificates",
        "use_number", "enrolled_at", "enrolled_from", "last_contact_at", "version", "platform", "reported_addresses",
    )  # fmt: skip
    readonly_fields = tuple(fields[3:])

    @admin.display(description="state")
    def state(self, edge: ServiceEdge) -> str:
        """The words that every page of edges shows."""
        state = edge_state(edge, timezone.now())
        return dot_and_word(str(state), state.tone)

    @admin.display(description="what to do")
    def health(self, edge: ServiceEdge) -> str:
        """What the edge's page shows: what is wrong with it, and what to do."""
        return str(edge_health.of_edge(edge, timezone.now()))

    @admin.display(description="enrolled with key")
    def key(self, edge: Any) -> str:
        """The name of its key, with a link while there is such a key."""
        if edge.key_id is None:
            return f"{edge.key_name}, deleted since"
        address = reverse("admin:keys_provisioningkey_change", args=[edge.key_id])
        return format_html('<a href="{}">{}</a>', address, edge.key_name)

    @admin.display(description="addresses")
    def reported_addresses(self, edge: ServiceEdge) -> str:
        return ", ".join(edge.addresses) or self.get_empty_value_display()

    @admin.display(description="certificates")
    def certificates(self, edge: ServiceEdge) -> str:
        """The newest certificates, each a link with its issuer and what became of it."""
        found = edge.certificates.select_related("issuer").only(*_OF_CERTIFICATES).order_by("-id")[:SHOWN_CERTIFICATES]
        return format_html_join(
            mark_safe("<br>"),
            '<a href="{}">{}</a> by {}, {}',
            ((_change_address(each), each.serial, each.issuer.name, _fate(each, timezone.now())) for each in found),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceEdge]:
        return annotated(super().get_queryset(request).filter(deleted_at=None))

    def audit_subject(self, record: ServiceEdge) -> Subject:
        return Subject("edge", str(record.uuid), record.name)

    def identified(self, term: str) -> list[Q]:
        return search.edges(term)

    def sought(self, term: str) -> list[Q]:
        return search.edges_by_uuid(term)

    def words(self, term: str) -> str:
        return sort_name(term)

    def named(self, request: HttpRequest, queryset: QuerySet, term: str) -> QuerySet:
        return super().named(request, queryset, term) | queryset.filter(key_sort_name=sort_name(term))

    def in_search(self, record: ServiceEdge) -> str:
        return f"enrolled {stamp(record.enrolled_at).text} with {record.key_name}"

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

    list_display = [
        "serial",
        *(column(IssuedCertificate, field) for field in ("edge", "issuer")),
        "not_before",
        "not_after",
        "revoked_at",
        "revocation_reason",
    ]
    list_select_related = ["edge", "issuer"]
    # Shows the search field. What a name finds is in `named`.
    search_fields = ["edge__name"]
    search_help_text = (
        "A serial (hexadecimal or decimal) or a SHA-256 fingerprint, colons are fine, or a part of an edge's name."
    )

    def get_exclude(self, request: HttpRequest, obj: IssuedCertificate | None = None) -> list[str]:
        # Of a certificate that is not revoked, no list will name it.
        return ["der"] if obj is None or obj.revoked_at else ["der", "revocation_reason", "listed_at"]

    def audit_subject(self, record: IssuedCertificate) -> Subject:
        return Subject("edge", str(record.edge.uuid), record.edge.name)

    def identified(self, term: str) -> list[Q]:
        return search.certificates(term)

    def named(self, request: HttpRequest, queryset: QuerySet, term: str) -> QuerySet:
        part = first_names.first_names(ServiceEdge, Q(sort_name__contains=sort_name(term)), term)
        edges = list(ServiceEdge.objects.order_by().filter(part).values_list("pk", flat=True)[: MOST_EDGES + 1])
        if any(record.exists() for record in first_names.unread(ServiceEdge)):
            self.warn_of_unread(request)
        if len(edges) > MOST_EDGES:
            sentence = f"More than {MOST_EDGES:,} edges have such a name. The certificates of {MOST_EDGES:,} are shown."
            messages.warning(request, sentence)
        return queryset.filter(edge__in=edges[:MOST_EDGES])

    def in_search(self, record: IssuedCertificate) -> str:
        return f"of {record.edge}, {_fate(record, timezone.now())}"


class ObjectFilter(admin.SimpleListFilter):
    """The events of one object, to which the *History* of a support page leads."""

    title = "object"
    parameter_name = OBJECT

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = self.value()
        return [(chosen, chosen.replace(":", " "))] if chosen else []

    def has_output(self) -> bool:
        return bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = self.value()
        if chosen is None:
            return queryset
        kind, found, object_id = chosen.replace("\0", "").partition(":")
        if not found:
            raise IncorrectLookupParameters(self.parameter_name)
        return queryset.filter(object_kind=kind, object_id=object_id)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """The audit log, newest first."""

    list_display = [
        "at",
        "action",
        column(AuditEvent, "object_name"),
        column(AuditEvent, "actor_name"),
        "outcome",
        "reason",
        "interface",
        "client_ip",
    ]
    list_filter = [ObjectFilter, "outcome", "action", one_of("interface", _INTERFACES)]
    # Shows the search field. What a name finds is in `named`.
    search_fields = ["object_name"]
    search_help_text = (
        "A request id, the UUID of an edge, the beginning of an edge's name, a part of the name of a key, group, "
        "certificate or user, or the whole name of what is deleted."
    )
    fields = (
        "at", "action", "outcome", "reason", "details", "actor_kind", "actor_id", "actor_name", "interface",
        "client_ip", "request_id", "object_kind", "object_id", "object_name",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="details")
    def details(self, event: AuditEvent) -> str:
        """What the audit log shows of it in a row that is open."""
        times = audit_detail.times(event.detail)
        lines = [*audit_rows.changes(event), *audit_rows.facts(event), *([f"{times:,} times"] if times > 1 else [])]
        return format_html_join(mark_safe("<br>"), "{}", ([line] for line in lines)) or self.get_empty_value_display()

    def audit_subject(self, record: AuditEvent) -> Subject:
        return Subject(record.object_kind, record.object_id, record.object_name)

    def identified(self, term: str) -> list[Q]:
        digits = identifiers.hexadecimal(term)
        edge = [Q(object_kind="edge", object_id=str(uuid.UUID(digits)))] if len(digits) == 32 else []
        return [*edge, *self.sought(term)]

    def sought(self, term: str) -> list[Q]:
        return [Q(request_id=term)] if REQUEST_ID.fullmatch(term) else []

    def named(self, request: HttpRequest, queryset: QuerySet, term: str) -> QuerySet:
        searched = NameSearch(term)
        found = queryset.filter(audit_search.condition(term, searched))
        if searched.is_cut:
            self.warn_of_unread(request)
        return found

    def in_search(self, record: AuditEvent) -> str:
        return f"{record.get_outcome_display()} {record.reason.replace('_', ' ')}, {stamp(record.at).text}"
