"""Edit a signing certificate: name, description, type, and whether it signs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from keys import certificate_use
from keys.errors import Stale
from keys.models import SigningCertificate
from keys.operations import edit_certificate
from keys.pages.certificate_access import CHANGE, FORBIDDEN, get_own_certificate, list_that_led_here
from keys.pages.certificate_forms import EditCertificateForm
from keys.pages.save_edit import save_edit
from portal import kept_forms, success_messages
from portal.access import requires
from portal.success_messages import named


@require_http_methods(["GET", "HEAD", "POST"])
@requires(CHANGE, FORBIDDEN)
@kept_forms.keeps(EditCertificateForm)
def certificate_edit(request: HttpRequest, pk: int) -> HttpResponse:
    certificate = get_own_certificate(pk)
    if request.method != "POST":
        form = EditCertificateForm(instance=certificate)
        return _page(request, certificate, kept_forms.shown_again(request, form))
    # The form writes into its own copy; `certificate` stays what the database holds.
    form = EditCertificateForm(request.POST, instance=get_own_certificate(pk))
    stale = save_edit(request, form, edit_certificate)
    if stale or form.errors:
        return _page(request, certificate, form.at_version(stale.version) if stale else form, stale)
    success_messages.add(request, "Saved certificate {}", named(form.instance), next_step=_next_step(request, form))
    return redirect(list_that_led_here(request) or certificate.get_absolute_url())


def _next_step(request: HttpRequest, form: EditCertificateForm) -> SafeString | str:
    """For one that was disabled while keys use it, which now refuse enrollment: another one for them."""
    certificate = form.instance
    is_stopped = "enabled" in form.changed_data and not certificate.enabled and certificate.keys.exists()
    if not (is_stopped and request.user.has_perm("keys.change_provisioningkey")):
        return ""
    return success_messages.link("Replace it on its keys", reverse("keys:certificate-replace", args=[certificate.pk]))


def _page(
    request: HttpRequest, certificate: SigningCertificate, form: EditCertificateForm, stale: Stale | None = None
) -> HttpResponse:
    context = {
        "certificate": certificate,
        "form": form,
        "stale": stale,
        "use": certificate_use.of(certificate),
        "origin": list_that_led_here(request),
    }
    return render(request, "keys/certificate_edit.html", context, status=stale.status if stale else 200)
