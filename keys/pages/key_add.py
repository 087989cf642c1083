"""Add a provisioning key. The answer to the POST shows its text: for a key that is not viewable, the only time."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from keys import machines
from keys.errors import Invalid
from keys.models import ServiceEdgeGroup
from keys.operations import create_key
from keys.pages.key_download import file_name
from keys.pages.key_forms import AddKeyForm
from keys.pages.returning import way_back
from portal import actors
from portal.access import requires
from portal.row_ids import row_id


@require_http_methods(["GET", "HEAD", "POST"])
@requires("keys.add_provisioningkey", "You can't add provisioning keys. Ask an administrator for the Operator role.")
@sensitive_variables("text")
def key_add(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, AddKeyForm(initial=_initial(request)))
    form = AddKeyForm(request.POST)
    text = _create(form, request) if form.is_valid() else None
    if text is None:
        return _page(request, form)
    return _created(request, form, text)


def _page(request: HttpRequest, form: AddKeyForm) -> HttpResponse:
    return render(request, "keys/key_add.html", {"form": form, "back": way_back(request)})


def _initial(request: HttpRequest) -> dict[str, Any]:
    """`?group=<id>` fills the group in, by name when that is as good."""
    wanted = request.GET.get("group", "")
    group = ServiceEdgeGroup.objects.only("name").filter(Q(pk=row_id(wanted))).first()
    if group is None:
        return {}
    return {"group": wanted if group.name.isdecimal() else group.name}


def _create(form: AddKeyForm, request: HttpRequest) -> str | None:
    new_group = form.cleaned_data["new_group"]
    try:
        return create_key(form.instance, actor=actors.from_request(request), new_group=new_group)
    except Invalid as error:
        form.refuse(error)
        return None


def _created(request: HttpRequest, form: AddKeyForm, text: str) -> HttpResponse:
    # Not a redirect: a key that is not viewable exists nowhere else. A reload cannot make a second one, for its
    # name is taken.
    key = form.instance
    deploy = machines.answers().deploy(request, inserts=True, shown=True)
    context = {"key": key, "text": text, "file_name": file_name(key), "deploy": deploy}
    return render(request, "keys/key_created.html", context)
