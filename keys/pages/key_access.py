"""The key of an address, and how a refusal to hand out its text is answered."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from keys.errors import Gone, NotViewable, Refused
from keys.models import ProvisioningKey
from keys.pages.rows import without_secrets
from portal import problems
from portal.views import render_error


def get_key(pk: int) -> ProvisioningKey:
    """The key of an address; 404 when there is none."""
    key = without_secrets().filter(pk=pk).first()
    if key is None:
        raise Http404
    return key


def get_own_key(pk: int) -> ProvisioningKey:
    """The key of an address that changes it: 403 for one the vendor manages."""
    key = get_key(pk)
    if key.managed:
        vendor = settings.VENDOR_NAME
        raise PermissionDenied(f"{vendor} manages “{key.name}”. It cannot be edited or deleted here.")
    return key


def refuse(request: HttpRequest, error: Refused, key: ProvisioningKey) -> HttpResponse:
    """The answer to a text that is not handed out: a page, or a problem document for a program."""
    status = 404 if isinstance(error, NotViewable | Gone) else 409
    if request.accepts("text/html"):
        return render_error(request, status, str(error), (key.name, key.get_absolute_url()))
    return problems.response(request, status, error.code, "The key is not handed out", str(error))
