"""The text of a key, for Show and Copy. POST only, never cached."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from keys.errors import Refused
from keys.operations import reveal_key
from keys.pages.key_access import get_key
from keys.pages.key_download import FORBIDDEN, text_answer
from portal import actors, refusal_pages
from portal.access import requires
from portal.error_pages import render_error
from portal.password_again import after_password

PURPOSES = ("copy", "show")


@require_POST
@requires("keys.reveal_provisioningkey", FORBIDDEN)
@after_password
@sensitive_variables("text")
def key_reveal(request: HttpRequest, pk: int) -> HttpResponse:
    key, purpose = get_key(pk), request.POST.get("for", "")
    if purpose not in PURPOSES:
        return render_error(request, 400, "Set `for` to copy or show.")
    try:
        text = reveal_key(key, purpose=purpose, actor=actors.from_request(request))
    except Refused as refused:
        return refusal_pages.answer(request, refused, (key.name, key.get_absolute_url()))
    return text_answer(text)
