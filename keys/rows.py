"""What a page says about one key, worked out before any template: its kind, which decides, and its values."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.db.models import QuerySet

from keys.models import CopyState, ProvisioningKey
from keys.presentation import USE_WORDS, expiry, stamp

NO_PERMISSION = "You do not have permission to view keys"
NOT_VIEWABLE = "Not viewable after creation"
_SHOWN = (
    "public_id",
    "name", "sort_name", "managed", "group", "signing_certificate", "max_uses", "uses", "use_state", "viewable",
    "enabled", "expires_at", "allowed_networks", "token_head", "token_tail", "last_used_at", "last_used_by",
    "created_at", "created_by", "modified_at", "modified_by", "version", "group__name", "group__sort_name",
    "signing_certificate__name", "signing_certificate__not_after",
)  # fmt: skip


class HasPermissions(Protocol):
    """A user, as far as pages of keys are concerned."""

    def has_perm(self, perm: str) -> bool: ...


class May(NamedTuple):
    """What a user may do with keys; asked once a page, not once a row."""

    add: bool
    change: bool
    delete: bool
    reveal: bool

    @classmethod
    def of(cls, user: HasPermissions) -> May:
        return cls(*(user.has_perm(f"keys.{verb}_provisioningkey") for verb in cls._fields))


class Kind(NamedTuple):
    """What decides how a key is shown. `copy` is "ready", "refused", or "" for no Copy, Show and Download at all."""

    copy: str
    hidden: str
    add: bool
    edit: bool
    delete: bool
    open: bool
    managed: bool
    viewable: bool
    enabled: bool
    expired: bool
    use: str
    certificate_tone: str
    has_last_use: bool
    has_expiry: bool
    has_networks: bool


def for_list() -> QuerySet[ProvisioningKey]:
    """Keys as the pages read them: joined to group and certificate, without a single sealed or secret column."""
    return ProvisioningKey.objects.select_related("group", "signing_certificate").only(*_SHOWN)


def kind_of(key: ProvisioningKey, may: May, now: datetime, is_open: bool = False) -> Kind:
    """The kind of a key, for a user."""
    hands_out = may.reveal and key.viewable
    badge = expiry(key.signing_certificate.not_after, now)
    return Kind(
        copy="" if not hands_out else "ready" if key.copy_state is CopyState.READY else "refused",
        hidden="" if hands_out else NOT_VIEWABLE if may.reveal else NO_PERMISSION,
        add=may.add,
        edit=may.change and not key.managed,
        delete=may.delete and not key.managed,
        open=is_open,
        managed=key.managed,
        viewable=key.viewable,
        enabled=key.enabled,
        expired=bool(key.expires_at and key.expires_at <= now),
        use=key.use_state,
        certificate_tone=badge.tone if badge else "",
        has_last_use=key.last_used_at is not None,
        has_expiry=key.expires_at is not None,
        has_networks=bool(key.allowed_networks),
    )


def values_of(key: ProvisioningKey, now: datetime) -> dict[str, str]:
    """The values of a key as text. The abbreviated text is among them; a template prints it by kind."""
    certificate = key.signing_certificate
    badge = expiry(certificate.not_after, now)
    texts = {
        "id": str(key.pk),
        "public_id": key.public_id,
        "url": f"/service-edge-keys/{key.pk}/",
        "name": key.name,
        "max_uses": str(key.max_uses),
        "uses": str(key.uses),
        "use_words": USE_WORDS.get(key.use_state, ""),
        "all_taken": key.all_taken,
        "group": key.group.name,
        "group_id": str(key.group_id),
        "head": key.token_head,
        "tail": key.token_tail,
        "certificate": certificate.name,
        "certificate_url": f"/enrollment-certificates/{certificate.pk}/",
        "certificate_words": badge.text if badge else "",
        "created_by": key.created_by,
        "changed_by": key.modified_by,
        "last_used_by": key.last_used_by,
        "networks": ", ".join(key.allowed_networks),
        "vendor": settings.VENDOR_NAME,
    }
    moments = {
        "created": key.created_at, "changed": key.modified_at, "last_used": key.last_used_at, "expires": key.expires_at,
        "certificate_end": certificate.not_after,
    }  # fmt: skip
    for name, moment in moments.items():
        texts[name], texts[f"{name}_iso"] = stamp(moment) if moment else ("", "")
    return texts


def row_of(key: ProvisioningKey, may: May, now: datetime) -> dict[str, Any]:
    """Kind and values together, for a template that prints one key."""
    return {**kind_of(key, may, now)._asdict(), **values_of(key, now)}
