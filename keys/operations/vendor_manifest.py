"""Applying a vendor manifest: the only writer of managed rows.

A manifest is a JSON object with optional lists `certificates` (name, years, parent, client_type, key_type),
`groups` (name and any group field) and `keys` (name, group, signing_certificate, max_uses, viewable, enabled).
Applying it twice changes nothing; a record that exists is brought up to date and keeps its key material.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from keys.crypto.ca_certificates import LONGEST_COMMON_NAME, make_authority
from keys.errors import Invalid
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate, VendorGate
from keys.models.record import Record
from keys.names import clean_name
from keys.operations import editing
from keys.operations.key_minting import mint_into
from keys.operations.service_edge_groups import create_group
from keys.operations.signing_certificates import authority_of, create_certificate
from portal import audit
from portal.actors import Actor
from portal.audit_actions import DETAIL_FIELDS
from portal.sort_names import sort_name

_GROUP_FIELDS = tuple(DETAIL_FIELDS["group"] - {"name"})
_KEY_FIELDS = ("max_uses", "enabled")
_CERTIFICATE_FIELDS = ("description", "client_type", "enabled")
# Columns of bytes and of key material: made here, never given.
_BINARY = (
    "fingerprint", "sealed_token", "sealed_with", "sealed_private_key", "der", "pepper_id", "token_head", "token_tail",
)  # fmt: skip


def apply_manifest(document: dict[str, Any], *, actor: Actor) -> int:
    """Write what the manifest holds and return how many records it made or changed. All or nothing.

    Raises Invalid when an entry is incomplete, names something unknown, or its name belongs to a record of ours.
    """
    appliers: dict[str, Callable[[dict[str, Any], Actor], bool]] = {
        "certificates": _apply_certificate,
        "groups": _apply_group,
        "keys": _apply_key,
    }
    _require_shape(document, set(appliers))
    with transaction.atomic():
        VendorGate.objects.update_or_create(id=1, defaults={"open": True})
        written = sum(
            _applied(apply, entry, actor) for part, apply in appliers.items() for entry in document.get(part, [])
        )
        VendorGate.objects.update(open=False)
    return written


def _require_shape(document: Any, parts: set[str]) -> None:
    if not isinstance(document, dict):
        raise Invalid("manifest", "A manifest is a JSON object.")
    unknown = set(document) - parts
    if unknown:
        raise Invalid("manifest", f"Unknown part of the manifest: {', '.join(sorted(unknown))}.")
    for part, entries in document.items():
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise Invalid("manifest", f"{part} must be a list of objects.")


def _applied(apply: Callable[[dict[str, Any], Actor], bool], entry: dict[str, Any], actor: Actor) -> bool:
    try:
        return apply({**entry, "name": clean_name(entry["name"])}, actor)
    except KeyError as error:
        raise Invalid("manifest", f"Entry {entry.get('name', '?')!r} lacks {error}.") from None
    except ValidationError as error:
        raise Invalid("manifest", f"Entry {entry.get('name', '?')!r}: {' '.join(error.messages)}") from None
    except (TypeError, ValueError, OverflowError, DataError, IntegrityError, ProgrammingError):
        raise Invalid("manifest", f"Entry {entry.get('name', '?')!r} has a value of the wrong kind.") from None


def _find(model: type[Record], name: str) -> Any:
    return model._default_manager.filter(sort_name=sort_name(name)).first()


def _named(model: type[Record], name: str) -> Any:
    found = _find(model, name)
    if found is None:
        raise Invalid("manifest", f"The manifest names {name!r}, which does not exist.")
    return found


def _update(record: Record, entry: dict[str, Any], fields: tuple[str, ...], action: str, actor: Actor) -> bool:
    """Bring an existing managed record up to date; refuses one that is not the vendor's."""
    if not record.managed:
        raise Invalid("manifest", f"{record.name!r} exists and is not managed by the vendor.")
    edited = type(record)._default_manager.get(pk=record.pk)
    for field in fields:
        if field in entry:
            setattr(edited, field, entry[field])
    edited.full_clean(exclude=_BINARY)
    detail = editing.changes(record, edited, fields)
    if detail:
        editing.save(record, edited, fields, actor)
        audit.record(action, actor, editing.subject(record), detail=detail)
    return bool(detail)


def _apply_certificate(entry: dict[str, Any], actor: Actor) -> bool:
    existing = _find(SigningCertificate, entry["name"])
    if existing:
        return _update(existing, entry, _CERTIFICATE_FIELDS, audit.Action.CERTIFICATE_EDITED, actor)
    if len(entry["name"].encode()) > LONGEST_COMMON_NAME:
        message = f"The certificate {entry['name']!r} has a name of more than {LONGEST_COMMON_NAME} bytes."
        raise Invalid("manifest", message)
    parent = _named(SigningCertificate, entry["parent"]) if "parent" in entry else None
    authority = make_authority(
        entry["name"],
        settings.CUSTOMER_ID,
        now=timezone.now(),
        days=round(entry["years"] * 365.25),
        key_type=entry.get("key_type", "EC P-256"),
        parent=authority_of(parent) if parent else None,
    )
    kept = {field: entry[field] for field in _CERTIFICATE_FIELDS if field in entry}
    record = SigningCertificate(name=entry["name"], parent=parent, managed=True, **kept)
    create_certificate(record, authority, actor=actor)
    return True


def _apply_group(entry: dict[str, Any], actor: Actor) -> bool:
    existing = _find(ServiceEdgeGroup, entry["name"])
    unknown = set(entry) - {"name", *_GROUP_FIELDS}
    if unknown:
        raise ValidationError(f"A group has no {', '.join(sorted(unknown))}.")
    if existing:
        return _update(existing, entry, _GROUP_FIELDS, audit.Action.GROUP_EDITED, actor)
    group = ServiceEdgeGroup(managed=True, **entry)
    group.full_clean()
    create_group(group, actor=actor)
    return True


def _apply_key(entry: dict[str, Any], actor: Actor) -> bool:
    if type(entry["max_uses"]) is not int:
        raise ValidationError("max_uses is a whole number.")
    existing = _find(ProvisioningKey, entry["name"])
    if existing:
        return _update(existing, entry, _KEY_FIELDS, audit.Action.KEY_EDITED, actor)
    key = ProvisioningKey(
        name=entry["name"],
        group=_named(ServiceEdgeGroup, entry["group"]),
        signing_certificate=_named(SigningCertificate, entry.get("signing_certificate", "Service Edge")),
        max_uses=entry["max_uses"],
        viewable=entry.get("viewable", True),
        enabled=entry.get("enabled", True),
        managed=True,
        created_by=actor.name,
        modified_by=actor.name,
    )
    key.full_clean(exclude=[*_BINARY, "public_id"], validate_constraints=False)
    mint_into(key)
    with editing.refusals_of(ProvisioningKey):
        key.save(force_insert=True)
    audit.record(audit.Action.KEY_CREATED, actor, editing.subject(key), detail={"max_uses": str(key.max_uses)})
    return True
