"""The only writer of preferences. They are nobody's business but their owner's, so there is no audit event."""

from __future__ import annotations

from typing import Any

from portal.models import UserPreferences
from portal.preferences.values import Preferences, known


def of_account(user_id: Any) -> Preferences:
    """What the account holds; the defaults for one that never chose."""
    row = UserPreferences.objects.filter(user_id=user_id).first()
    if row is None:
        return Preferences()
    return known(row.theme, row.density, "on" if row.shortcuts else "off", row.time_zone)


def change_preferences(user_id: Any, **changes: Any) -> Preferences:
    """Keep some choices, leave the others, and return all. One statement, so that two pages at once are no race."""
    row = UserPreferences(user_id=user_id, **changes)
    UserPreferences.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["user"], update_fields=list(changes)
    )
    return of_account(user_id)
