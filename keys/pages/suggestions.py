"""Names that contain a text, for fields that suggest them while somebody types."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from keys import choices
from keys.models import ProvisioningKey
from keys.pages.key_list import NOT_ALLOWED
from portal.access import requires


@require_safe
@requires("keys.view_provisioningkey", NOT_ALLOWED)
def group_names(request: HttpRequest) -> JsonResponse:
    """`{"groups": [{"value": "Berlin DC-1", "keys": "3 keys", "place": "Berlin, Germany"}, ...]}`, at most fifty."""
    groups = choices.suggested_groups(request.GET.get("q", ""))
    found = [
        {**_option(each), "keys": each.keys, **({"place": each.location} if each.location else {})} for each in groups
    ]
    return JsonResponse({"groups": found})


@require_safe
@requires("keys.view_provisioningkey", NOT_ALLOWED)
def key_names(request: HttpRequest) -> JsonResponse:
    """`{"keys": [{"value": "berlin-lab"}, ...]}` for `?q=`, at most fifty."""
    return JsonResponse({"keys": [_option(each) for each in choices.keys_containing(request.GET.get("q", ""))]})


def _option(record: ProvisioningKey | choices.Suggestion) -> dict[str, str]:
    # The form reads digits as an id, so a name of digits is suggested with its id as value.
    return {"value": str(record.pk), "label": record.name} if record.name.isdecimal() else {"value": record.name}
