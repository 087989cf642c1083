"""The only writer of preferences. They concern only their owner, so no audit event is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from portal import zones
from portal.field_validation import clean
from portal.models import UserPreferences
from portal.preferences.values import UNKNOWN_ZONE, Preferences, known
from portal.refusals import Invalid


def of_account(user_id: Any) -> Preferences:
    """The stored preferences of an account, or the defaults."""
    row = UserPreferences.objects.filter(user_id=user_id).first()
    if row is None:
        return Preferences()
    return known(row.theme, row.density, "on" if row.shortcuts else "off", row.time_zone, row.hidden_columns)


def hide_columns(user_id: Any, listed: str, columns: Iterable[str]) -> Preferences:
    """Hide these columns of the list with this name and show its others. Returns all preferences."""
    with transaction.atomic():
        pairs = of_account(user_id).hidden_columns.split()
        others = [pair for pair in pairs if not pair.startswith(f"{listed}:")]
        return change_preferences(
            user_id, hidden_columns=" ".join([*others, *(f"{listed}:{each}" for each in columns)])
        )


def change_preferences(user_id: Any, **changes: Any) -> Preferences:
    """Store some preferences and return all. It is one statement, so that concurrent changes do not conflict.

    Raises Invalid for a value that no preference has.
    """
    row = UserPreferences(user_id=user_id, **changes)
    clean(row, changes, {"time_zone": _require_known_zone})
    UserPreferences.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["user"], update_fields=list(changes)
    )
    return of_account(user_id)


def _require_known_zone(row: UserPreferences) -> None:
    if row.time_zone and zones.find(row.time_zone) is None:
        raise Invalid("time_zone", UNKNOWN_ZONE, "invalid_choice")
