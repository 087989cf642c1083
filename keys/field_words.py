"""The words of pages for the fields of records and for their values, also as the audit log holds these."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth.models import User
from django.db.models import BooleanField, DecimalField, Field

from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.update_schedule import time_of_day
from portal.times import stamp

_FIELDS: dict[str, Field[Any, Any]] = {
    field.name: field
    for model in (User, SigningCertificate, ProvisioningKey, ServiceEdgeGroup)
    for field in model._meta.concrete_fields
}
_LABELS = {
    **{field.name: str(field.verbose_name) for field in ServiceEdgeGroup._meta.concrete_fields},
    "max_uses": "maximum",
    "viewable": "view or export after creation",
    "expires_at": "expires",
    "key_public_id": "public id of the key",
    "spki_sha256": "key pair (SHA-256)",
    "serial": "serial number",
    "use": "number of the use",
    "fault": "what was wrong",
    "not_after": "valid until",
    "is_active": "active",
    "is_staff": "may open the support pages",
    "is_superuser": "superuser",
}
_COUNTS = frozenset({"max_uses", "rows", "edges", "certificates"})
MOMENTS = frozenset({"expires_at", "not_after"})
# Written by operations as words of code.
_CODES = frozenset({"source", "shared", "list"})


def label(name: str) -> str:
    """The label of a field, as it begins a line."""
    words = _LABELS.get(name, name.replace("_", " "))
    return words[:1].upper() + words[1:]


def shown(name: str, value: Any) -> str:
    """The value of a field in words; as it is where it has no others, such as one of an older version.

    `value` is as the record holds it, or as `keys.operations.editing.display` writes it into events.
    """
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text, field = str(value), _FIELDS.get(name)
    if isinstance(field, BooleanField):
        return {"on": "On", "off": "Off", "True": "On", "False": "Off"}.get(text, text)
    if field and field.choices:
        return str(dict(field.flatchoices).get(text, text))
    if name in _CODES:
        return text.capitalize()
    with suppress(ValueError, InvalidOperation):
        if name == "upgrade_seconds":
            return f"{time_of_day(int(text))} UTC"
        if name in MOMENTS:
            return stamp(datetime.fromisoformat(text)).text
        if name in _COUNTS:
            return f"{int(text):,}"
        if isinstance(field, DecimalField):
            return f"{Decimal(text).normalize():f}"
    return text
