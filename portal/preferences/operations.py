"""The only writer of preferences. They concern only their owner, so no audit event is written."""

from __future__ import annotations

from typing import Any

from portal.models import UserPreferences
from portal.preferences.values import Preferences, known


def of_account(user_id: Any) -> Preferences:
    """The stored preferences of an account, or the defaults."""
    row = UserPreferences.objects.filter(user_id=user_id).first()
    if row is None:
        return Preferences()
    return known(row.theme, row.density, "on" if row.shortcuts else "off", row.time_zone)


def change_preferences(user_id: Any, **changes: Any) -> Preferences:
    """Store some preferences and return all. It is one statement, so that concurrent changes do not conflict."""
    row = UserPreferences(user_id=user_id, **changes)
    UserPreferences.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["user"], update_fields=list(changes)
    )
    return of_account(user_id)
