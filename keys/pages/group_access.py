"""The group of an address, and who may change it."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from keys.managed_rows import require_own
from keys.models import ServiceEdgeGroup
from portal import returning

ADD = "keys.add_serviceedgegroup"
CHANGE = "keys.change_serviceedgegroup"
DELETE = "keys.delete_serviceedgegroup"
VIEW = "keys.view_serviceedgegroup"
FORBIDDEN = "You can't change Service Edge groups. Ask an administrator for the Operator role."
NOT_ALLOWED = "You can't view Service Edge groups. Ask an administrator for the Viewer role."


def get_own_group(pk: int) -> ServiceEdgeGroup:
    """The group of an address that changes it: 403 for one the vendor manages."""
    group = get_object_or_404(ServiceEdgeGroup, pk=pk)
    require_own(group)
    return group


def list_that_led_here(request: HttpRequest) -> str:
    """The list of groups, with its filters, if the page was opened from it; else empty."""
    return returning.origin(request, ("keys:group-list",))
