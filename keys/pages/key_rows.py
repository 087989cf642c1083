"""View data of one key for the list and the detail page: its state, which templates branch on, and its values."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from keys import machines
from keys.models import CopyState, KeyState, ProvisioningKey, all_taken, copy_state
from keys.models.key_state import CertificateFacts, KeyFacts, key_state
from keys.models.provisioning_key import MOST_USES
from keys.pages.expiry_badge import expiry
from keys.pages.presentation import STATE_SENTENCES, STATE_TONES
from portal import zones
from portal.long_texts import is_long
from portal.times import Stamp, stamp
from portal.tones import Tone

NO_PERMISSION = "You do not have permission to view keys"
NOT_VIEWABLE = "Not viewable after creation"
_NEVER = Stamp("", "")


class HasPermissions(Protocol):
    """The part of a user that pages of keys need."""

    def has_perm(self, perm: str) -> bool: ...


class May(NamedTuple):
    """What a user may do with keys. Asked once per page, not once per row."""

    add: bool
    change: bool
    delete: bool
    reveal: bool

    @classmethod
    def of(cls, user: HasPermissions) -> May:
        return cls(*(user.has_perm(f"keys.{verb}_provisioningkey") for verb in cls._fields))


class RowState(NamedTuple):
    """What templates branch on. `copy` is "ready", "refused", or "" for no Copy, Show and Download at all."""

    copy: str
    hidden: str
    add: bool
    edit: bool
    delete: bool
    open: bool
    managed: bool
    viewable: bool
    enabled: bool
    state: KeyState
    use: str
    certificate_tone: str
    has_location: bool
    has_last_use: bool
    has_expiry: bool
    has_networks: bool
    is_long: bool

    @property
    def tone(self) -> Tone:
        """The color of the state's dot, which repeats the word."""
        return STATE_TONES[self.state]

    @property
    def state_sentence(self) -> str:
        """What the state means for the next edge."""
        return STATE_SENTENCES[self.state]

    def for_templates(self) -> dict[str, Any]:
        """All of it by name."""
        return {**self._asdict(), "tone": self.tone, "state_sentence": self.state_sentence}


class KeyRow(NamedTuple):
    """The columns of a key that pages show, under their names in the query. None is sealed or secret.

    A page has up to a hundred, and a model instance costs three times as much.
    """

    id: int
    public_id: str
    name: str
    sort_name: str
    managed: bool
    viewable: bool
    enabled: bool
    max_uses: int
    uses: int
    use_state: str
    expires_at: datetime | None
    allowed_networks: list[str]
    pin: str
    token_head: str
    token_tail: str
    last_used_at: datetime | None
    last_used_by: str
    created_at: datetime
    created_by: str
    modified_at: datetime
    modified_by: str
    group_id: int
    group__name: str
    group__sort_name: str
    group__location: str
    group__enabled: bool
    signing_certificate_id: int
    signing_certificate__name: str
    signing_certificate__not_after: datetime | None
    signing_certificate__not_before: datetime | None
    signing_certificate__enabled: bool
    signing_certificate__sealed_with: str | None
    signing_certificate__trust_anchor_sha256: str
    recent: Mapping[str, Any] | None = None  # not a column: the annotations of keys/machines.py


_COLUMNS = KeyRow._fields[:-1]


def read(keys: QuerySet[ProvisioningKey]) -> list[KeyRow]:
    """The rows of a query, joined to group and certificate."""
    return [KeyRow(*values) for values in keys.values_list(*_COLUMNS)]


def read_all(keys: QuerySet[ProvisioningKey]) -> list[KeyRow]:
    """The rows of a query with their recent use, joined to group and certificate."""
    along = machines.answers().beside_keys()
    rows = keys.annotate(**along).values_list(*_COLUMNS, *along)
    count = len(_COLUMNS)
    return [KeyRow._make((*values[:count], dict(zip(along, values[count:], strict=True)))) for values in rows]


def without_secrets() -> QuerySet[ProvisioningKey]:
    """Model instances without any sealed or secret column."""
    return ProvisioningKey.objects.select_related("group", "signing_certificate").only(*_COLUMNS, "version")


def _facts(key: KeyRow) -> KeyFacts:
    return KeyFacts(
        key.enabled,
        key.group__enabled,
        key.expires_at,
        key.uses,
        key.max_uses,
        key.pin,
        CertificateFacts(
            key.signing_certificate__enabled,
            key.signing_certificate__not_before,
            key.signing_certificate__not_after,
            key.signing_certificate__sealed_with is not None,
            key.signing_certificate__trust_anchor_sha256,
        ),
    )


def _texts(key: KeyRow) -> tuple[str, ...]:
    """What people wrote and a row shows beside other values."""
    people = key.last_used_by, key.created_by, key.modified_by
    return (key.name, key.group__name, key.group__location, key.signing_certificate__name, *people)


def state_of(key: KeyRow, may: May, now: datetime, is_open: bool = False) -> RowState:
    """The state of a key's row for a user."""
    state = copy_state(viewable=key.viewable, uses=key.uses, max_uses=key.max_uses)
    hands_out = may.reveal and state is not CopyState.HIDDEN
    end = key.signing_certificate__not_after
    badge = expiry(end, now) if end else None
    return RowState(
        copy="" if not hands_out else "refused" if state is CopyState.USED_UP else "ready",
        hidden="" if hands_out else NOT_VIEWABLE if may.reveal else NO_PERMISSION,
        add=may.add,
        edit=may.change and not key.managed,
        delete=may.delete and not key.managed,
        open=is_open,
        managed=key.managed,
        viewable=key.viewable,
        enabled=key.enabled,
        state=key_state(_facts(key), now),
        use=key.use_state,
        certificate_tone=badge.tone if badge else "",
        has_location=bool(key.group__location),
        has_last_use=key.last_used_at is not None,
        has_expiry=key.expires_at is not None,
        has_networks=bool(key.allowed_networks),
        is_long=any(map(is_long, _texts(key))),
    )


def state_word(key: KeyRow) -> str:
    """The state of a key now, in a word."""
    return key_state(_facts(key), timezone.now()).label


def values_of(key: KeyRow, now: datetime, zone: tzinfo) -> dict[str, str]:
    """The values of a key as text. They include head and tail of the key text, which only some users may see."""
    created = stamp(key.created_at, zone)
    changed = created if key.modified_at == key.created_at else stamp(key.modified_at, zone)
    last_used = stamp(key.last_used_at, zone) if key.last_used_at else _NEVER
    expires = stamp(key.expires_at, zone) if key.expires_at else _NEVER
    return {
        "id": str(key.id),
        "public_id": key.public_id,
        "name": key.name,
        "max_uses": str(key.max_uses),
        "least": str(min(key.max_uses + 1, MOST_USES)),
        "limit_id": f"limit-{key.id}",
        "uses": str(key.uses),
        "max_uses_shown": f"{key.max_uses:,}",
        "uses_shown": f"{key.uses:,}",
        "group": key.group__name,
        "location": key.group__location,
        "all_taken": all_taken(key.max_uses),
        "group_id": str(key.group_id),
        "head": key.token_head,
        "tail": key.token_tail,
        "created": created.text,
        "created_iso": created.iso,
        "created_by": key.created_by,
        "changed": changed.text,
        "changed_iso": changed.iso,
        "changed_by": key.modified_by,
        "last_used": last_used.text,
        "last_used_iso": last_used.iso,
        "last_used_by": key.last_used_by,
        "expires": expires.text,
        "expires_iso": expires.iso,
        "networks": ", ".join(key.allowed_networks),
        "vendor": settings.VENDOR_NAME,
    } | _certificate_values(
        key.signing_certificate_id,
        key.signing_certificate__name,
        key.signing_certificate__not_after,
        now,
        zone,
    )


@functools.lru_cache(maxsize=64)
def _certificate_values(pk: int, name: str, end: datetime | None, now: datetime, zone: tzinfo) -> dict[str, str]:
    """The values of a signing certificate. Cached, because the keys of a page share a few certificates."""
    badge, until = (expiry(end, now), stamp(end, zone)) if end else (None, _NEVER)
    return {
        "certificate": name,
        "certificate_id": str(pk),
        "certificate_words": badge.text if badge else "",
        "certificate_end": until.text,
        "certificate_end_iso": until.iso,
    }


def row_of(key: KeyRow, may: May, now: datetime) -> dict[str, Any]:
    """State and values in one dictionary, for a template that prints one key."""
    return {**state_of(key, may, now).for_templates(), **values_of(key, now, zones.current())}
