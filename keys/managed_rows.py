"""Rows that the vendor manages are read only: operations refuse to change them, and triggers hold it whoever asks.

The vendor's manifest (`keys.operations.vendor_manifest`) alone writes them, through the gate `VendorGate`.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import GeneratedField

from keys.errors import Managed
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate, VendorGate
from keys.models.record import Record
from portal.triggers import Trigger, differs

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


def triggers_of(model: Any, noun: str) -> list[Trigger]:
    """What keeps managed rows of a model from being inserted, changed or deleted; `noun` is for their names."""
    table = model._meta.db_table
    guarded = [column for column in _columns(model) if column not in MACHINE_COLUMNS[model]]
    swept = f"{_GATE_IS_OPEN} OR {_NONE_IS_MANAGED.format(table=table)}"
    changed = f"(OLD.managed OR NEW.managed) AND ({differs(guarded)})"
    return [
        Trigger(f"managed_{noun}_is_not_inserted", table, "INSERT", _MESSAGE, "NEW.managed", _GATE_IS_OPEN),
        Trigger(f"managed_{noun}_is_not_deleted", table, "DELETE", _MESSAGE, "OLD.managed", _GATE_IS_OPEN),
        Trigger(f"managed_{noun}_is_not_changed", table, "UPDATE", _MESSAGE, changed, _GATE_IS_OPEN),
        Trigger(f"managed_{noun}_is_not_truncated", table, "TRUNCATE", _MESSAGE, unless=swept),
    ]


def require_own(record: Record) -> None:
    """Raise Managed for a record of the vendor's."""
    if record.managed:
        raise Managed(f"{settings.VENDOR_NAME} manages “{record.name}”. It cannot be edited or deleted here.")


def require_gate(record: Record) -> None:
    """Raise Managed for a new record of the vendor's, unless the manifest is being applied in this transaction."""
    if record.managed and not VendorGate.objects.filter(open=True).exists():
        raise Managed(f"Only a manifest of {settings.VENDOR_NAME} makes records that {settings.VENDOR_NAME} manages.")
