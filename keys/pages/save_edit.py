"""What every page that edits a record does with a form that was sent."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from keys.errors import Invalid, Stale
from portal import actors
from portal.forms import RecordForm


def save_edit(request: HttpRequest, form: RecordForm, edit: Callable[..., None]) -> Stale | None:
    """Store what the form holds through the operation `edit`; a refusal becomes an error of the form.

    Returns what is stale: somebody else's edit, with which the page shows `form.at_version(...)`. Nothing was stored
    then, nor when the form has errors.
    """
    if not form.is_valid():
        return None
    fields, version = form._meta.fields, form.cleaned_data["version"]
    try:
        edit(form.instance, fields=fields, version=version, actor=actors.from_request(request))
    except Invalid as refused:
        form.refuse(refused)
    except Stale as stale:
        return stale
    return None
