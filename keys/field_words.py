"""The words of pages for the fields of records and for their values, also as the audit log holds these."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db.models import BooleanField, DecimalField, Field

from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.update_schedule import time_of_day
from portal.times import stamp, time_element

_FIELDS: list[Field[Any, Any]] = [
    field
    for model in (User, SigningCertificate, ProvisioningKey, ServiceEdgeGroup)
    for field in model._meta.concrete_fields
]
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
MOMENTS = frozenset({"expires_at", "not_after"})
_SWITCH = {"on": "On", "off": "Off", "True": "On", "False": "Off"}
_CHOICES: dict[str, dict[str, str]] = {
    **{
        field.name: {str(value): str(words) for value, words in field.flatchoices} for field in _FIELDS if field.choices
    },
    **{field.name: _SWITCH for field in _FIELDS if isinstance(field, BooleanField)},
}
_FORMATS: dict[str, Callable[[str], str]] = {
    **{
        field.name: lambda text: f"{Decimal(text).normalize():f}"
        for field in _FIELDS
        if isinstance(field, DecimalField)
    },
    **dict.fromkeys(MOMENTS, lambda text: stamp(datetime.fromisoformat(text)).text),
    **dict.fromkeys(("max_uses", "rows", "edges", "certificates"), lambda text: f"{int(text):,}"),
    **dict.fromkeys(("source", "shared", "list"), str.capitalize),
    "upgrade_seconds": lambda text: f"{time_of_day(int(text))} UTC",
}


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
    text = str(value)
    try:
        return _FORMATS[name](text) if name in _FORMATS else _CHOICES.get(name, {}).get(text, text)
    except (ArithmeticError, ValueError):
        return text


def as_html(name: str, value: Any) -> str:
    """The same for a page: a moment is an element."""
    if name in MOMENTS and value:
        with suppress(OverflowError, TypeError, ValueError):
            return time_element(datetime.fromisoformat(value))
    return shown(name, value)
