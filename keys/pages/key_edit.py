"""Edit a provisioning key, and resolve the conflict when somebody else edited it at the same time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from keys.errors import Difference, Stale
from keys.models import ProvisioningKey
from keys.operations import edit_key
from keys.pages.key_access import get_own_key
from keys.pages.key_forms import EditKeyForm
from keys.pages.key_messages import key_saved
from keys.pages.returning import way_back
from keys.pages.root_warning import warn_of_root
from keys.pages.save_edit import save_edit
from portal import kept_forms
from portal.access import requires

FORBIDDEN = "You can't edit provisioning keys. Ask an administrator for the Operator role."


@require_http_methods(["GET", "HEAD", "POST"])
@requires("keys.change_provisioningkey", FORBIDDEN)
@kept_forms.keeps(EditKeyForm)
def key_edit(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_own_key(pk)
    if request.method != "POST":
        return _page(request, key, kept_forms.shown_again(request, EditKeyForm(instance=key)))
    # The form writes into its own copy; `key` stays what the database holds.
    form = EditKeyForm(request.POST, instance=get_own_key(pk))
    is_ticked = form.is_valid() and form.cleaned_data["different_root"]
    stale = save_edit(request, form, partial(edit_key, different_root=is_ticked))
    if stale:
        stale.differences = _as_read(stale.differences, form)
        return _page(request, key, form.at_version(stale.version), stale)
    if form.errors:
        return _page(request, key, form)
    key_saved(request, key, form.instance, form.Meta.fields)
    warn_of_root(request, [key.pk], key.signing_certificate, form.instance.signing_certificate)
    return redirect(way_back(request).url)


def _as_read(differences: list[Difference], form: EditKeyForm) -> list[Difference]:
    """Both values of each field in words; also of viewing, which somebody turned off for good while it was on here."""
    shown = [replace(each, theirs=_in_words(each.theirs), yours=_in_words(each.yours)) for each in differences]
    viewable = form.fields["viewable"]
    if viewable.disabled and "viewable" in form.data:
        shown.append(Difference(str(viewable.label), "Off, for good", "On"))
    return shown


def _in_words(value: Any) -> datetime | str:
    """A value as the page prints it; a moment is left for the template, which knows the reader's zone."""
    return value if isinstance(value, datetime) else str(value) or "none"


def _page(request: HttpRequest, key: ProvisioningKey, form: EditKeyForm, stale: Stale | None = None) -> HttpResponse:
    context = {"key": key, "form": form, "stale": stale, "back": way_back(request)}
    return render(request, "keys/key_edit.html", context, status=stale.status if stale else 200)
