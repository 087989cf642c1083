"""Download of a key's text as a file. POST only, never cached."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.text import slugify
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from keys.errors import Refused
from keys.models import ProvisioningKey
from keys.operations import download_key
from keys.pages.key_access import get_key
from portal import actors, refusal_pages
from portal.access import requires
from portal.password_again import after_password

FORBIDDEN = "You can't show, copy or download provisioning keys. Ask an administrator for the Operator role."


@require_POST
@requires("keys.reveal_provisioningkey", FORBIDDEN)
@after_password
@sensitive_variables("text")
def key_download(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_key(pk)
    try:
        text = download_key(key, actor=actors.from_request(request))
    except Refused as refused:
        return refusal_pages.answer(request, refused, (key.name, key.get_absolute_url()))
    response = text_answer(text)
    response["Content-Disposition"] = f'attachment; filename="{file_name(key)}"'
    return response


def file_name(key: ProvisioningKey) -> str:
    """The name of the downloaded file."""
    return f"{slugify(key.name) or f'key-{key.pk}'}.provisioning-key.txt"


def text_answer(text: str) -> HttpResponse:
    """A response with the text of a key, which must not be cached."""
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store, private"})
