"""Why an operation on keys, groups or certificates says no: types with a stable code; doors turn them into HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """An operation was refused; the text says why and what to do."""

    code = "refused"


class NotViewable(Refused):
    """The text was shown once at creation and is not stored."""

    code = "key_not_viewable"


class UsedUp(Refused):
    """All uses are taken; the text is handed out again once the limit is raised."""

    code = "key_used_up"


class SealRefused(Refused):
    """The stored text does not open: it was tampered with, moved from another row, or the keyring lacks its key."""

    code = "seal_broken"


class Managed(Refused):
    """The vendor manages this record; it is read only here."""

    code = "managed_by_vendor"


class InUse(Refused):
    """Something still depends on the record."""

    code = "in_use"


class Invalid(Refused):
    """A field has a value the database would refuse."""

    code = "invalid"

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field_name = field_name


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that another editor changed: its label, their value, yours."""

    label: str
    theirs: Any
    yours: Any


@dataclass(eq=False)
class Stale(Refused):
    """Somebody saved the record after this form was opened."""

    changed_by: str
    changed_at: Any
    version: int
    differences: list[Difference] = field(default_factory=list)

    code = "stale_version"

    def __str__(self) -> str:
        return f"{self.changed_by} changed this in the meantime."


class Gone(Refused):
    """The record was deleted in the meantime."""

    code = "gone"


CONSTRAINT_MESSAGES: Mapping[str, tuple[str, str]] = {
    "key_name_is_unique": ("name", "A key with this name exists already."),
    "group_name_is_unique": ("name", "A group with this name exists already."),
    "certificate_name_is_unique": ("name", "A certificate with this name exists already."),
    "key_uses_stay_within_max": (
        "max_uses",
        "The maximum cannot be lower than the number of edges that used this key.",
    ),
    "key_max_uses_is_in_range": ("max_uses", "Enter a whole number from 1 to 2,147,483,647."),
}
