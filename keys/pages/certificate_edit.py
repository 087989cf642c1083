"""Edit a signing certificate: name, description, type, and whether it signs."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from keys import certificate_use
from keys.errors import Invalid, Stale
from keys.models import SigningCertificate
from keys.operations import edit_certificate
from keys.pages.certificate_access import CHANGE, FORBIDDEN, get_own_certificate
from keys.pages.certificate_forms import EditCertificateForm
from portal import actors
from portal.access import requires
from portal.templatetags.links import linked


@require_http_methods(["GET", "HEAD", "POST"])
@requires(CHANGE, FORBIDDEN)
def certificate_edit(request: HttpRequest, pk: int) -> HttpResponse:
    certificate = get_own_certificate(pk)
    if request.method != "POST":
        return _page(request, certificate, EditCertificateForm(instance=certificate))
    # The form writes into its own copy; `certificate` stays what the database holds.
    form = EditCertificateForm(request.POST, instance=get_own_certificate(pk))
    if not form.is_valid():
        return _page(request, certificate, form)
    return _save(request, certificate, form)


def _save(request: HttpRequest, certificate: SigningCertificate, form: EditCertificateForm) -> HttpResponse:
    try:
        actor, version = actors.from_request(request), form.cleaned_data["version"]
        edit_certificate(form.instance, fields=form.Meta.fields, version=version, actor=actor)
    except Invalid as error:
        form.refuse(error)
        return _page(request, certificate, form)
    except Stale as stale:
        return _page(request, certificate, form.at_version(stale.version), stale)
    messages.success(request, format_html("Saved certificate “{}”.", linked([form.instance])))
    return redirect(certificate.get_absolute_url())


def _page(
    request: HttpRequest, certificate: SigningCertificate, form: EditCertificateForm, stale: Stale | None = None
) -> HttpResponse:
    context = {"certificate": certificate, "form": form, "stale": stale, "use": certificate_use.of(certificate)}
    return render(request, "keys/certificate_edit.html", context, status=stale.status if stale else 200)
