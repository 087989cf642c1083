"""Names that contain a text, for fields that suggest them while somebody types."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from keys import choices
from keys.models.record import Record
from keys.pages.key_list import NOT_ALLOWED
from portal.access import requires


@require_safe
@requires("keys.view_provisioningkey", NOT_ALLOWED)
def group_names(request: HttpRequest) -> JsonResponse:
    """`{"groups": [{"value": "Berlin DC-1", "place": "Berlin, Germany"}, ...]}` for `?q=`, at most fifty."""
    groups = choices.groups_containing(request.GET.get("q", ""))
    places = [{"place": each.location} if each.location else {} for each in groups]
    return JsonResponse({"groups": [{**_option(each), **place} for each, place in zip(groups, places, strict=True)]})


@require_safe
@requires("keys.view_provisioningkey", NOT_ALLOWED)
def key_names(request: HttpRequest) -> JsonResponse:
    """`{"keys": [{"value": "berlin-lab"}, ...]}` for `?q=`, at most fifty."""
    return JsonResponse({"keys": [_option(each) for each in choices.keys_containing(request.GET.get("q", ""))]})


def _option(record: Record) -> dict[str, str]:
    # The form reads digits as an id, so a name of digits is suggested with its id as value.
    return {"value": str(record.pk), "label": record.name} if record.name.isdecimal() else {"value": record.name}
