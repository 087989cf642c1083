"""Applying a vendor manifest: the only writer of managed rows.

A manifest is a JSON object with optional lists `certificates` (name, years, parent, client_type, key_type),
`groups` (name and any group field) and `keys` (name, group, signing_certificate, max_uses, viewable, enabled).
Applying it twice changes nothing; a record that exists is brought up to date and keeps its key material. A manifest
cannot change the group, the signing certificate and `viewable` of a key, nor the years, the parent and the key type of
a certificate that exists: what it holds there must be well formed and name known records, and the record keeps its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from keys import choices
from keys.crypto.ca_certificates import make_authority
from keys.errors import Invalid
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate, VendorGate
from keys.models.record import Record
from keys.operations import editing
from keys.operations.ca_generating import load_parent, rules_of_a_key_pair
from keys.operations.provisioning_keys import create_key, rules_of_an_edit
from keys.operations.service_edge_groups import create_group
from keys.operations.signing_certificates import create_certificate
from portal import audit
from portal.actors import Actor
from portal.audit_actions import DETAIL_FIELDS
from portal.field_validation import NO_RULES, Rules, clean
from portal.sort_names import sort_name

_GROUP_FIELDS = tuple(DETAIL_FIELDS["group"] - {"name"})
_KEY_FIELDS = ("max_uses", "enabled")
_CERTIFICATE_FIELDS = ("description", "client_type", "enabled")
_MOST_YEARS = 100


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
        raise Invalid("manifest", f"Unknown part of the manifest: {_listed(unknown)}.")
    for part, entries in document.items():
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise Invalid("manifest", f"{part} must be a list of objects.")


def _listed(names: set[str]) -> str:
    # A lone surrogate in a sentence could be printed nowhere.
    return ", ".join(sorted(names)).encode(errors="backslashreplace").decode()


def _applied(apply: Callable[[dict[str, Any], Actor], bool], entry: dict[str, Any], actor: Actor) -> bool:
    name = entry["name"] if isinstance(entry.get("name"), str) else "?"
    try:
        return apply({**entry, "name": _clean_name(entry["name"])}, actor)
    except KeyError as error:
        raise Invalid("manifest", f"Entry {name!r} lacks {error}.") from None
    except RecursionError:
        raise Invalid("manifest", f"Entry {name!r} has a value of lists in lists that is nested too deep.") from None
    except Invalid as refused:
        faults = [fault._replace(sentence=f"Entry {name!r}: {fault.sentence}") for fault in refused.faults]
        raise Invalid.of(faults) from None


def _clean_name(name: Any) -> str:
    record = ServiceEdgeGroup(name=name)
    clean(record, ["name"])
    return record.name


def _find(model: type[Record], name: str) -> Any:
    return model._default_manager.filter(sort_name=sort_name(name)).first()


def _named(model: type[Record], name: Any) -> Any:
    if not isinstance(name, str):
        raise Invalid("manifest", f"Give the name of a {model._meta.verbose_name} as text.")
    found = choices.named(model._default_manager.all(), name)
    if found is None:
        raise Invalid("manifest", f"The manifest names {name!r}, which does not exist.", "unknown")
    return found


def _require_known(entry: dict[str, Any], fields: Iterable[str], noun: str) -> None:
    unknown = set(entry) - {"name", *fields}
    if unknown:
        raise Invalid("manifest", f"A {noun} has no {_listed(unknown)}.", "unknown")


def _update(
    record: Any,
    entry: dict[str, Any],
    fields: tuple[str, ...],
    action: str,
    actor: Actor,
    rules: Rules = NO_RULES,
) -> bool:
    """Bring an existing managed record up to date; refuses one that is not the vendor's."""
    if not record.managed:
        raise Invalid("name", f"{record.name!r} exists and is not managed by the vendor.", "not_managed")
    edited = type(record)._default_manager.get(pk=record.pk)
    given = [field for field in fields if field in entry]
    for field in given:
        setattr(edited, field, entry[field])
    editing.require_valid(record, edited, fields=given, version=record.version, rules=rules)
    detail = editing.changes(record, edited, given)
    if detail:
        editing.save(record, edited, given, actor)
        editing.record_edit(action, actor, record, detail)
    return bool(detail)


def _apply_certificate(entry: dict[str, Any], actor: Actor) -> bool:
    _require_known(entry, (*_CERTIFICATE_FIELDS, "years", "parent", "key_type"), "certificate")
    existing = _find(SigningCertificate, entry["name"])
    years = entry.get("years", 1) if existing else entry["years"]
    key_type = entry.get("key_type", "EC P-256")
    parent = _named(SigningCertificate, entry["parent"]) if "parent" in entry else None
    rules = {**rules_of_a_key_pair(key_type), "years": lambda _: _require_years(years)}
    if existing:
        return _update(existing, entry, _CERTIFICATE_FIELDS, audit.Action.CERTIFICATE_EDITED, actor, rules)
    record = SigningCertificate(parent=parent, managed=True, **_only(entry, _CERTIFICATE_FIELDS))
    clean(record, rules=rules)
    authority = make_authority(
        entry["name"],
        settings.CUSTOMER_ID,
        now=timezone.now(),
        days=_days(years),
        key_type=key_type,
        parent=load_parent(parent) if parent else None,
    )
    create_certificate(record, authority, actor=actor)
    return True


def _require_years(years: Any) -> None:
    if type(years) not in (int, float) or not 0 < years <= _MOST_YEARS or not _days(years):
        raise Invalid("years", f"years is a number of at least one day (0.003), at most {_MOST_YEARS}.", "years")


def _days(years: float) -> int:
    return round(years * 365.25)


def _apply_group(entry: dict[str, Any], actor: Actor) -> bool:
    _require_known(entry, _GROUP_FIELDS, "group")
    existing = _find(ServiceEdgeGroup, entry["name"])
    if existing:
        return _update(existing, entry, _GROUP_FIELDS, audit.Action.GROUP_EDITED, actor)
    create_group(ServiceEdgeGroup(managed=True, **entry), actor=actor)
    return True


def _apply_key(entry: dict[str, Any], actor: Actor) -> bool:
    _require_known(entry, (*_KEY_FIELDS, "viewable", "group", "signing_certificate"), "key")
    existing = _find(ProvisioningKey, entry["name"])
    key = ProvisioningKey(managed=True, max_uses=entry["max_uses"], **_only(entry, ("enabled", "viewable")))
    if not existing or "group" in entry:
        key.group = _named(ServiceEdgeGroup, entry["group"])
    if not existing or "signing_certificate" in entry:
        key.signing_certificate = _named(SigningCertificate, entry.get("signing_certificate", "Service Edge"))
    if existing:
        clean(key, ["viewable"])
        rules = rules_of_an_edit(existing)
        return _update(existing, entry, _KEY_FIELDS, audit.Action.KEY_EDITED, actor, rules)
    create_key(key, actor=actor)
    return True


def _only(entry: dict[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    return {name: entry[name] for name in ("name", *fields) if name in entry}
