"""Add a provisioning key. The answer to the POST shows its text: for a key that is not viewable, the only time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from keys import choices, machines
from keys.errors import Invalid
from keys.models import ProvisioningKey, ServiceEdgeGroup
from keys.operations import create_key
from keys.pages.key_download import file_name
from keys.pages.key_forms import AddKeyForm
from keys.pages.key_rows import without_secrets
from keys.pages.returning import way_back
from portal import actors, kept_forms, sent_forms
from portal.access import requires
from portal.row_ids import row_id
from portal.sent_forms import SentBefore, SentForm


@require_http_methods(["GET", "HEAD", "POST"])
@requires("keys.add_provisioningkey", "You can't add provisioning keys. Ask an administrator for the Operator role.")
@kept_forms.keeps(AddKeyForm)
@sensitive_variables("text")
def key_add(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, kept_forms.shown_again(request, AddKeyForm(initial=_initial(request))))
    if sent := _sent_before(request):
        return _made_before(request, sent)
    form = AddKeyForm(request.POST)
    try:
        text = _create(form, request) if form.is_valid() else None
    except SentBefore as before:
        return _made_before(request, before.sent)
    if text is None:
        return _page(request, form)
    # Not a redirect: a key that is not viewable exists nowhere else.
    key = form.instance
    deploy = machines.answers().deploy(request, inserts=True, shown=True)
    context = {"key": key, "text": text, "file_name": file_name(key), "deploy": deploy}
    return render(request, "keys/key_created.html", context)


def _page(request: HttpRequest, form: AddKeyForm) -> HttpResponse:
    context = {"form": form, "back": way_back(request), "step_by_step": machines.answers().step_by_step()}
    return render(request, "keys/key_add.html", context)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """`?group=<id>` fills the group in, by name when that is as good; `?cert=<id>` chooses a certificate."""
    initial: dict[str, Any] = {}
    wanted = request.GET.get("group", "")
    pk = row_id(wanted)
    group = None if pk is None else ServiceEdgeGroup.objects.only("name").filter(pk=pk).first()
    if group is not None:
        initial["group"] = wanted if group.name.isdecimal() else group.name
    cert = row_id(request.GET.get("cert", ""))
    if cert is not None and choices.signing_certificates().filter(pk=cert).exists():
        initial["signing_certificate"] = cert
    return initial


def _create(form: AddKeyForm, request: HttpRequest) -> str | None:
    new_group, sent = form.cleaned_data["new_group"], sent_forms.digest_of(request)
    try:
        return create_key(form.instance, actor=actors.from_request(request), new_group=new_group, form=sent)
    except Invalid as error:
        form.refuse(error)
        return None


def _sent_before(request: HttpRequest) -> SentForm | None:
    """The same form as it was accepted before: a double click, or a reload of the page that shows the new key.

    A script that sends no token may make the key again once it is deleted or renamed.
    """
    sent = sent_forms.find(sent_forms.digest_of(request))
    if sent is None or request.POST.get("form_token"):
        return sent
    if ProvisioningKey.objects.filter(pk=sent.made_id, name=sent.made_name).exists():
        return sent
    sent_forms.forget(sent)
    return None


def _made_before(request: HttpRequest, sent: SentForm) -> HttpResponse:
    key = without_secrets().filter(pk=sent.made_id).first()
    return render(request, "keys/key_made_before.html", {"sent": sent, "key": key})
