"""The support pages of keys, groups and signing certificates. They show no key text and no private key."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from keys import certificate_use, machines, operations, trust_anchors
from keys.admin_base import RecordAdmin, VersionedForm
from keys.crypto import tokens
from keys.models import CopyState, ProvisioningKey, ServiceEdgeGroup, SigningCertificate, UseState
from keys.operations.provisioning_keys import rules_of_an_edit, rules_of_creation
from portal import identifiers
from portal.actors import Actor
from portal.admin_base import one_of
from portal.field_validation import Rules

_HISTORY = ("version", "created_at", "created_by", "modified_at", "modified_by")


class KeyForm(VersionedForm):
    """A key in its support page."""

    def rules(self) -> Rules:
        return rules_of_an_edit(self.instance) if self.instance.pk else rules_of_creation("")


@admin.register(ProvisioningKey)
class ProvisioningKeyAdmin(RecordAdmin):
    """Keys are added viewable only: this page never shows the text, so a hidden one would be lost at once."""

    form = KeyForm
    list_display = ["name", "public_id", "group", "uses", "max_uses", "use", "enabled", "managed"]
    list_filter = [one_of("use_state", UseState.choices), "enabled", "managed", "viewable"]
    list_select_related = ["group"]
    search_fields = ["sort_name__contains"]
    search_help_text = "A part of the name, a public id (hexadecimal, or the key as pages show it), or an edge's name."
    autocomplete_fields = ["group", "signing_certificate"]
    _editable = ("name", "max_uses", "group", "signing_certificate", "enabled", "expires_at", "allowed_networks")
    _readonly = (
        "public_id", "abbreviated_text", "uses", "use", "viewable", "managed", "last_used_at", "last_used_by",
        *_HISTORY,
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProvisioningKey]:
        return super().get_queryset(request).defer("sealed_token", "fingerprint")

    def identified(self, term: str) -> list[Q]:
        digits = identifiers.hexadecimal(term) or tokens.public_id_in(term)
        return [*super().identified(term), *([identifiers.beginning("public_id", digits)] if digits else [])]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        found, repeated = super().get_search_results(request, queryset, search_term)
        ids = machines.answers().keys_of_edges_named(search_term)
        return (found | queryset.filter(public_id__in=ids) if ids else found), repeated

    def get_fields(self, request: HttpRequest, obj: ProvisioningKey | None = None) -> Any:
        return [*self._editable, "opened_version", *self._shown(request)] if obj else self._editable

    def _shown(self, request: HttpRequest) -> list[str]:
        hidden = set() if request.user.has_perm("keys.reveal_provisioningkey") else {"abbreviated_text"}
        return [name for name in self._readonly if name not in hidden]

    def get_readonly_fields(self, request: HttpRequest, obj: ProvisioningKey | None = None) -> Any:
        # A key belongs to one group for good.
        return ("group", *self._readonly) if obj else ()

    @admin.display(description="Provisioning key")
    def abbreviated_text(self, key: ProvisioningKey) -> str:
        return f"{key.token_head}…{key.token_tail}" if key.copy_state is not CopyState.HIDDEN else ""

    @admin.display(description="Use state", ordering="use_state")
    def use(self, key: ProvisioningKey) -> str:
        # Django shows the stored word of a generated field, not its label.
        return UseState(key.use_state).label

    def create(self, record: ProvisioningKey, *, actor: Actor) -> None:
        operations.create_key(record, actor=actor)

    def edit(self, record: ProvisioningKey, *, fields: Collection[str], version: int, actor: Actor) -> None:
        operations.edit_key(record, fields=fields, version=version, actor=actor)

    def save_model(self, request: HttpRequest, obj: ProvisioningKey, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "signing_certificate" in form.changed_data:
            mine, _ = trust_anchors.sharing(obj.signing_certificate_id)
            if form.initial["signing_certificate"] not in mine:
                messages.warning(request, certificate_use.after_another_root(obj))

    def remove(self, record: ProvisioningKey, *, actor: Actor) -> None:
        operations.delete_key(record, actor=actor)


@admin.register(ServiceEdgeGroup)
class ServiceEdgeGroupAdmin(RecordAdmin):
    """Groups with all their fields."""

    list_display = ["name", "enabled", "location", "country_code", "version_profile", "managed"]
    list_filter = ["enabled", "managed", "version_profile"]
    search_fields = ["sort_name__contains", "location", "city"]
    search_help_text = "A part of the name, the location or the city."
    readonly_fields = ["managed", *_HISTORY]

    def create(self, record: ServiceEdgeGroup, *, actor: Actor) -> None:
        operations.create_group(record, actor=actor)

    def edit(self, record: ServiceEdgeGroup, *, fields: Collection[str], version: int, actor: Actor) -> None:
        operations.edit_group(record, fields=fields, version=version, actor=actor)

    def remove(self, record: ServiceEdgeGroup, *, actor: Actor) -> None:
        operations.delete_group(record, actor=actor)


@admin.register(SigningCertificate)
class SigningCertificateAdmin(RecordAdmin):
    """Certificates as they are; they are made elsewhere, and their private keys never leave the portal."""

    list_display = ["name", "common_name", "parent", "key_type", "not_after", "enabled", "managed"]
    list_filter = ["enabled", "managed"]
    list_select_related = ["parent"]
    search_fields = ["sort_name__contains", "common_name"]
    search_help_text = "A part of a name, a serial (hexadecimal or decimal) or a SHA-256 fingerprint; colons are fine."
    fields = (
        "name", "description", "client_type", "enabled", "opened_version",
        "parent", "subject", "issuer", "serial", "fingerprint", "key_type", "not_before", "not_after", "managed",
        *_HISTORY,
    )  # fmt: skip
    readonly_fields = tuple(fields[5:])

    def get_queryset(self, request: HttpRequest) -> QuerySet[SigningCertificate]:
        return super().get_queryset(request).defer("sealed_private_key", "der")

    def identified(self, term: str) -> list[Q]:
        digits, serials = identifiers.hexadecimal(term), identifiers.serials(term)
        conditions = [*super().identified(term), *([Q(serial__in=serials)] if serials else [])]
        return [*conditions, identifiers.beginning("fingerprint", digits)] if digits else conditions

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def edit(self, record: SigningCertificate, *, fields: Collection[str], version: int, actor: Actor) -> None:
        operations.edit_certificate(record, fields=fields, version=version, actor=actor)

    def remove(self, record: SigningCertificate, *, actor: Actor) -> None:
        operations.delete_certificate(record, actor=actor)
