"""Checks of revocation lists and of the organization in certificates. Their ids are stable."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as Caution
from django.db import DatabaseError, connection
from django.utils import timezone

from enrollment import other_organizations, revocation_list_age
from enrollment.models import IssuedCertificate, RevocationList
from portal.lists.counting import capped_count, words


@register(Tags.database)
def check_revocation_lists(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """No revocation list is late or from the future."""
    if not databases:
        return []
    try:
        if RevocationList._meta.db_table not in connection.introspection.table_names():
            return []
        names = revocation_list_age.late()
    except DatabaseError:
        return []
    hint = "See that the clock is right and deploy/portal-crls.timer is enabled, and run `manage.py build_crls`."
    return [
        Caution(f"The revocation list of {name!r} is late or begins in the future.", hint=hint, id="enrollment.W001")
        for name in names
    ]


@register(Tags.database)
def check_organization(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """The certificates of edges name CUSTOMER_ID as organization."""
    if not databases:
        return []
    try:
        if IssuedCertificate._meta.db_table not in connection.introspection.table_names():
            return []
        count = capped_count(other_organizations.named_otherwise(settings.CUSTOMER_ID, timezone.now()))
    except DatabaseError:
        return []
    edges = "1 edge holds" if count == 1 else f"{words(count)} edges hold"
    hint = (
        "They stay valid, and each edge gets the new name with its next renewal. Programs that read the organization "
        "must accept both until then. If you did not mean to change CUSTOMER_ID, set it back."
    )
    message = f"{edges} a certificate that names another organization than CUSTOMER_ID."
    return [Caution(message, hint=hint, id="enrollment.W002")] if count else []
