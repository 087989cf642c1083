"""Delete a signing certificate after its name was typed, or show what depends on it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from keys import certificate_use
from keys.errors import InUse
from keys.operations import delete_certificate
from keys.pages.certificate_access import DELETE, FORBIDDEN, get_own_certificate, list_that_led_here
from keys.pages.certificate_forms import DeleteCertificateForm
from portal import actors, kept_forms, success_messages
from portal.access import requires
from portal.success_messages import quoted


@require_http_methods(["GET", "HEAD", "POST"])
@requires(DELETE, FORBIDDEN)
@kept_forms.keeps(DeleteCertificateForm)
def certificate_delete(request: HttpRequest, pk: int) -> HttpResponse:
    certificate, origin = get_own_certificate(pk), list_that_led_here(request)
    form, status = DeleteCertificateForm(certificate.name, request.POST if request.method == "POST" else None), 200
    if form.is_bound and form.is_valid():
        try:
            delete_certificate(certificate, actor=actors.from_request(request))
            success_messages.add(request, "Deleted certificate {}", quoted(certificate.name))
            return redirect(origin or "keys:certificate-list")
        except InUse as refused:
            form.refuse(refused)
            status = refused.status
    kept_forms.shown_again(request, form)
    context = {"certificate": certificate, "form": form, "use": certificate_use.of(certificate), "origin": origin}
    return render(request, "keys/certificate_delete.html", context, status=status)
