"""What an operator should know about machines' certificates. Ids are stable."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as Caution
from django.db import DatabaseError, connection

from enrollment import freshness
from enrollment.models import RevocationList


@register(Tags.database)
def check_revocation_lists(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """No revocation list waits to be renewed."""
    if not databases:
        return []
    try:
        if RevocationList._meta.db_table not in connection.introspection.table_names():
            return []
        names = freshness.late()
    except DatabaseError:
        return []
    hint = "Run `manage.py build_crls`, and see that deploy/portal-crls.timer is enabled."
    return [
        Caution(f"The revocation list of {name!r} is more than a day old.", hint=hint, id="enrollment.W001")
        for name in names
    ]
