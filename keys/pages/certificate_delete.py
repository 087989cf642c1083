"""Delete a signing certificate after its name was typed, or show what depends on it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from keys import certificate_use
from keys.errors import InUse
from keys.operations import delete_certificate
from keys.pages.certificate_access import DELETE, FORBIDDEN, get_own_certificate
from keys.pages.certificate_forms import DeleteCertificateForm
from portal import actors
from portal.access import requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(DELETE, FORBIDDEN)
def certificate_delete(request: HttpRequest, pk: int) -> HttpResponse:
    certificate = get_own_certificate(pk)
    form, status = DeleteCertificateForm(certificate.name, request.POST if request.method == "POST" else None), 200
    if form.is_bound and form.is_valid():
        try:
            delete_certificate(certificate, actor=actors.from_request(request))
            messages.success(request, format_html("Deleted certificate “<bdi>{}</bdi>”.", certificate.name))
            return redirect("keys:certificate-list")
        except InUse as refused:
            form.refuse(refused)
            status = refused.status
    context = {"certificate": certificate, "form": form, "use": certificate_use.of(certificate)}
    return render(request, "keys/certificate_delete.html", context, status=status)
