"""What the database itself refuses on keys, groups and certificates, whoever asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import GeneratedField

from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal.triggers import Trigger

# What machines and operations must write on a row the vendor manages: enrollments count, the keyring rotates.
MACHINE_COLUMNS: dict[Any, frozenset[str]] = {
    ProvisioningKey: frozenset(
        {"uses", "last_used_at", "last_used_by", "sealed_token", "sealed_with", "fingerprint", "pepper_id"}
    ),
    ServiceEdgeGroup: frozenset(),
    SigningCertificate: frozenset({"sealed_private_key", "sealed_with"}),
}
# Without its row the gate is closed.
_GATE_IS_OPEN = "EXISTS (SELECT 1 FROM keys_vendorgate WHERE open)"
_NONE_IS_MANAGED = "NOT EXISTS (SELECT 1 FROM {table} WHERE managed)"
_MESSAGE = "rows managed by the vendor are read only"


def _columns(model: Any) -> list[str]:
    # A generated column has no value yet when a BEFORE trigger runs; its sources are compared instead.
    return [field.column for field in model._meta.concrete_fields if not isinstance(field, GeneratedField)]


def _differs(columns: Iterable[str]) -> str:
    return " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)


def _managed_rules(model: Any, noun: str) -> list[Trigger]:
    table = model._meta.db_table
    guarded = [column for column in _columns(model) if column not in MACHINE_COLUMNS[model]]
    swept = f"{_GATE_IS_OPEN} OR {_NONE_IS_MANAGED.format(table=table)}"
    changed = f"(OLD.managed OR NEW.managed) AND ({_differs(guarded)})"
    return [
        Trigger(f"managed_{noun}_is_not_inserted", table, "INSERT", _MESSAGE, "NEW.managed", _GATE_IS_OPEN),
        Trigger(f"managed_{noun}_is_not_deleted", table, "DELETE", _MESSAGE, "OLD.managed", _GATE_IS_OPEN),
        Trigger(f"managed_{noun}_is_not_changed", table, "UPDATE", _MESSAGE, changed, _GATE_IS_OPEN),
        Trigger(f"managed_{noun}_is_not_truncated", table, "TRUNCATE", _MESSAGE, unless=swept),
    ]


_KEY = ProvisioningKey._meta.db_table
_SIGNS = (
    "EXISTS (SELECT 1 FROM keys_signingcertificate c WHERE c.id = NEW.signing_certificate_id"
    " AND c.der IS NOT NULL AND c.sealed_private_key IS NOT NULL)"
)
_CANNOT_SIGN = "the signing certificate of a key has a private key and is not pending"
TRIGGERS = [
    *_managed_rules(ProvisioningKey, "key"),
    *_managed_rules(ServiceEdgeGroup, "group"),
    *_managed_rules(SigningCertificate, "certificate"),
    Trigger("key_is_made_with_a_certificate_that_signs", _KEY, "INSERT", _CANNOT_SIGN, unless=_SIGNS),
    Trigger(
        "key_moves_to_a_certificate_that_signs",
        _KEY,
        "UPDATE",
        _CANNOT_SIGN,
        "OLD.signing_certificate_id IS DISTINCT FROM NEW.signing_certificate_id",
        _SIGNS,
    ),
    Trigger("key_uses_never_fall", _KEY, "UPDATE", "uses never fall", "NEW.uses < OLD.uses"),
    Trigger(
        "key_hidden_stays_hidden",
        _KEY,
        "UPDATE",
        "a key that is not viewable stays so",
        "NEW.viewable AND NOT OLD.viewable",
    ),
    Trigger(
        "key_identity_is_fixed",
        _KEY,
        "UPDATE",
        "the public id of a key never changes",
        _differs(["id", "public_id", "created_at"]),
    ),
]
