"""The support pages of keys, groups and signing certificates. They show no key text and no private key."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from keys import choices, machines, operations
from keys.admin_base import RecordAdmin, VersionedForm
from keys.crypto import tokens
from keys.errors import Invalid
from keys.models import CopyState, KeyState, ProvisioningKey, ServiceEdgeGroup, SigningCertificate, UseState
from keys.models.key_state import key_state
from keys.operations.provisioning_keys import rules_of_an_edit, rules_of_creation
from keys.pages.certificate_state import state_of
from keys.pages.key_forms import CertificateChoice, DifferentRootForm, GroupField
from keys.pages.presentation import STATE_TONES
from keys.pages.root_warning import warn_of_root
from keys.state_filter import in_state
from portal import identifiers
from portal.actors import Actor
from portal.admin_base import one_of
from portal.field_validation import Rules
from portal.long_texts import column
from portal.tones import dot_and_word

_HISTORY = ("version", "created_at", "created_by", "modified_at", "modified_by")
_SEALED = frozenset({"sealed_token", "fingerprint"})
# What a page of keys reads of their groups and certificates: the name, and what decides the state. Whether there is a
# private key shows in the name of its keyring.
_BESIDE = (
    "group__name", "group__enabled", "signing_certificate__name",
    "signing_certificate__enabled", "signing_certificate__not_before", "signing_certificate__not_after",
    "signing_certificate__sealed_with", "signing_certificate__trust_anchor_sha256",
)  # fmt: skip


class StateFilter(admin.SimpleListFilter):
    """The keys in one state."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return KeyState.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = self.value()
        if chosen is None:
            return queryset
        if chosen not in KeyState:
            raise IncorrectLookupParameters(self.parameter_name)
        return queryset.filter(in_state(KeyState(chosen), timezone.now()))


class KeyForm(DifferentRootForm, VersionedForm):
    """A key in its support page. `different_root` is among its fields once a certificate needs the tick."""

    different_root = DifferentRootForm.different_root
    group = GroupField(help_text="A name or an id.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Parsing writes into the instance.
        self._current = copy(self.instance)
        # Whoever may only look has none.
        field: Any = self.fields.get("signing_certificate")
        if field:
            field.offer(self.instance.signing_certificate if self.instance.pk else None)
            if not self.instance.pk:
                field.initial = choices.default_certificate_id()

    def rules(self) -> Rules:
        if not self.instance.pk:
            return rules_of_creation("")
        return rules_of_an_edit(self._current, self.cleaned_data.get("different_root", False))


class _KeyChangeList(ChangeList):
    """The list reads the columns that it shows and that decide a state. The three tables have dozens more."""

    def get_queryset(self, *args: Any, **kwargs: Any) -> QuerySet[ProvisioningKey]:
        return super().get_queryset(*args, **kwargs).only(
            "name", "public_id", "uses", "max_uses", "enabled", "managed", "expires_at", "pin", *_BESIDE,
        )  # fmt: skip


@admin.register(ProvisioningKey)
class ProvisioningKeyAdmin(RecordAdmin):
    """Keys are added viewable only: this page never shows the text, so a hidden one would be lost at once."""

    form = KeyForm
    list_display = [
        "name",
        "state",
        "public_id",
        column(ProvisioningKey, "group"),
        "uses",
        "max_uses",
        "enabled",
        "managed",
    ]
    list_filter = [StateFilter, one_of("use_state", UseState.choices), "enabled", "managed", "viewable"]
    list_select_related = ["group", "signing_certificate"]
    search_fields = ["sort_name__contains"]
    search_help_text = "A part of the name, a public id (hexadecimal, or the key as pages show it), or an edge's name."
    _editable = ("name", "max_uses", "group", "signing_certificate", "enabled", "expires_at", "allowed_networks")
    _readonly = (
        "state", "public_id", "abbreviated_text", "uses", "use", "viewable", "managed", "last_used_at", "last_used_by",
        *_HISTORY,
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProvisioningKey]:
        own = [each.attname for each in ProvisioningKey._meta.concrete_fields if each.attname not in _SEALED]
        return super().get_queryset(request).select_related("group", "signing_certificate").only(*own, *_BESIDE)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _KeyChangeList

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **kwargs, form_class=CertificateChoice)

    def identified(self, term: str) -> list[Q]:
        digits = identifiers.hexadecimal(term) or tokens.public_id_in(term)
        return [*super().identified(term), *([identifiers.beginning("public_id", digits)] if digits else [])]

    def in_search(self, record: ProvisioningKey) -> str:
        return f"{key_state(record.facts, timezone.now()).label}, in {record.group}"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        found, repeated = super().get_search_results(request, queryset, search_term)
        ids = machines.answers().keys_of_edges_named(search_term)
        return (found | queryset.filter(public_id__in=ids) if ids else found), repeated

    def get_fields(self, request: HttpRequest, obj: ProvisioningKey | None = None) -> Any:
        if obj is None:
            return self._editable
        tick = ["different_root"] if self._asks_about_root(request) else []
        return [*self._editable, *tick, "opened_version", *self._shown(request)]

    @staticmethod
    def _asks_about_root(request: HttpRequest) -> bool:
        """Whether the operation asked for the tick, or it was given."""
        refused = getattr(request, "refused", None)
        asked = isinstance(refused, Invalid) and any(fault.code == "different_root" for fault in refused.faults)
        return asked or "different_root" in request.POST

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

    @admin.display(description="State")
    def state(self, key: ProvisioningKey) -> str:
        """The word that every page of keys shows."""
        state = key_state(key.facts, timezone.now())
        return dot_and_word(state.label, STATE_TONES[state])

    def create(self, record: ProvisioningKey, *, actor: Actor) -> None:
        operations.create_key(record, actor=actor)

    def confirmed(self, form: ModelForm) -> dict[str, bool]:
        return {"different_root": form.cleaned_data["different_root"]}

    def edit(self, record: ProvisioningKey, *, fields: Collection[str], **options: Any) -> None:
        operations.edit_key(record, fields=fields, **options)

    def save_model(self, request: HttpRequest, obj: ProvisioningKey, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "signing_certificate" in form.changed_data:
            old = SigningCertificate.objects.get(pk=form.initial["signing_certificate"])
            warn_of_root(request, [obj.pk], old, obj.signing_certificate)

    def remove(self, record: ProvisioningKey, *, actor: Actor) -> None:
        operations.delete_key(record, actor=actor)


@admin.register(ServiceEdgeGroup)
class ServiceEdgeGroupAdmin(RecordAdmin):
    """Groups with all their fields."""

    list_display = [
        "name",
        "enabled",
        column(ServiceEdgeGroup, "location"),
        "country_code",
        "version_profile",
        "managed",
    ]
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

    list_display = [
        "name",
        "state",
        column(SigningCertificate, "common_name"),
        column(SigningCertificate, "parent"),
        "key_type",
        "not_after",
        "managed",
    ]
    list_filter = ["enabled", "managed"]
    list_select_related = ["parent"]
    search_fields = ["sort_name__contains", "common_name"]
    search_help_text = "A part of a name, a serial (hexadecimal or decimal) or a SHA-256 fingerprint; colons are fine."
    fields = (
        "name", "description", "client_type", "enabled", "opened_version", "state",
        "parent", "subject", "issuer", "serial", "fingerprint", "key_type", "not_before", "not_after", "managed",
        *_HISTORY,
    )  # fmt: skip
    readonly_fields = tuple(fields[5:])

    def get_queryset(self, request: HttpRequest) -> QuerySet[SigningCertificate]:
        return super().get_queryset(request).defer("sealed_private_key", "der")

    @admin.display(description="State")
    def state(self, certificate: SigningCertificate) -> str:
        """The word that every page of certificates shows."""
        state = state_of(certificate, timezone.now())
        return dot_and_word(state.word, state.tone)

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
