"""Upload the certificate that was signed for a request of ours."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from keys.errors import AlreadyComplete, Invalid
from keys.operations import complete_certificate
from keys.pages.certificate_access import CHANGE, FORBIDDEN, add_key_step, get_own_certificate, left_out_words
from keys.pages.certificate_forms import CompleteForm
from portal import actors, kept_forms, refusal_pages, success_messages
from portal.access import requires
from portal.success_messages import named


@sensitive_post_parameters("certificates", "password")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(CHANGE, FORBIDDEN)
@kept_forms.keeps(CompleteForm)
def certificate_complete(request: HttpRequest, pk: int) -> HttpResponse:
    certificate = get_own_certificate(pk)
    here = (certificate.name, certificate.get_absolute_url())
    if not certificate.is_pending:
        return refusal_pages.answer(request, AlreadyComplete(), here)
    form = CompleteForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_bound and form.is_valid():
        try:
            given, password = form.given("certificates"), form.cleaned_data["password"]
            left_out = complete_certificate(certificate, given, password=password, actor=actors.from_request(request))
            parts = (named(certificate), left_out_words(left_out))
            next_step = add_key_step(certificate)
            success_messages.add(request, "Certificate {} is complete and enabled{}", *parts, next_step=next_step)
            return redirect(certificate.get_absolute_url())
        except AlreadyComplete as refused:
            return refusal_pages.answer(request, refused, here)
        except Invalid as refused:
            form.refuse(refused)
    if not form.is_bound:
        kept_forms.shown_again(request, form)
    return render(request, "keys/certificate_complete.html", {"certificate": certificate, "form": form})
