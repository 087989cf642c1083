"""Filters that several list pages share."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.functional import lazy

from keys import choices
from keys.models import ServiceEdgeGroup
from portal.lists.filters import RelatedByName, YesNo
from portal.lists.offers import Source


class ManagedBy(YesNo):
    """Records of the vendor, or your own."""

    def __init__(self) -> None:
        vendor = lazy(lambda: settings.VENDOR_NAME, str)()
        super().__init__("managed", vendor, "Your organization", label="Managed by", values=("vendor", "you"))


class InGroup(RelatedByName):
    """Records that belong to one of the chosen groups."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "group",
            label="Group",
            source=Source(ServiceEdgeGroup._meta.db_table),
            suggest="keys:group-names",
            similar=choices.groups_containing,
            **options,
        )
