"""The names of groups that hold a text, for fields that suggest them while somebody types."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from keys import choices
from keys.models import ServiceEdgeGroup
from keys.views.access import requires
from keys.views.key_list import NOT_ALLOWED


@require_safe
@requires("keys.view_provisioningkey", NOT_ALLOWED)
def group_names(request: HttpRequest) -> JsonResponse:
    """`{"groups": [{"value": "Berlin DC-1"}, ...]}` for `?q=`, at most fifty."""
    return JsonResponse({"groups": [_option(group) for group in choices.groups_containing(request.GET.get("q", ""))]})


def _option(group: ServiceEdgeGroup) -> dict[str, str]:
    # A name of digits would be read as an id, so there the id stands.
    return {"value": str(group.pk), "label": group.name} if group.name.isdecimal() else {"value": group.name}
