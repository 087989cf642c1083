"""Adding a signing certificate: generate one, request one that is signed elsewhere, or upload a chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from keys.errors import Invalid
from keys.models import SigningCertificate
from keys.operations import generate_certificate, request_certificate, upload_chain
from keys.pages.certificate_access import ADD, FORBIDDEN, add_key_step, left_out_words
from keys.pages.certificate_forms import CertificateForm, GenerateForm, RequestForm, UploadForm
from portal import actors, kept_forms, success_messages
from portal.access import requires
from portal.actors import Actor
from portal.success_messages import named

# Returns what was left out of what was given.
Save = Callable[[Any, Actor], list[x509.Certificate] | None]


@dataclass(frozen=True, slots=True)
class _Page:
    """The words around a form, and those of its message: the certificate, and what was left out of an upload."""

    title: str
    lead: str
    button: str
    done: str


_GENERATE = _Page(
    "Generate certificate",
    "The portal makes the key pair and keeps the private key sealed. Nobody can see or download it.",
    "Generate certificate",
    "Generated certificate {}{}",
)
_REQUEST = _Page(
    "Create certificate request",
    "The portal makes the key pair and a CSR. Your own CA signs the CSR; then you upload what it signed.",
    "Create request",
    "Created a request for certificate {}{}",
)
_UPLOAD = _Page(
    "Upload certificate chain",
    "A CA made elsewhere, with those above it. With its private key it can sign edges.",
    "Upload chain",
    "Uploaded certificate {}{}",
)


@require_safe
@requires(ADD, FORBIDDEN)
def certificate_add(request: HttpRequest) -> HttpResponse:
    """The three ways."""
    return render(request, "keys/certificate_add.html")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(ADD, FORBIDDEN)
@kept_forms.keeps(GenerateForm)
def certificate_generate(request: HttpRequest) -> HttpResponse:
    return _handle(request, GenerateForm, _GENERATE, _generate)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(ADD, FORBIDDEN)
@kept_forms.keeps(RequestForm)
def certificate_request(request: HttpRequest) -> HttpResponse:
    return _handle(request, RequestForm, _REQUEST, _request)


@sensitive_post_parameters("private_key", "certificates", "password")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(ADD, FORBIDDEN)
@kept_forms.keeps(UploadForm)
def certificate_upload(request: HttpRequest) -> HttpResponse:
    return _handle(request, UploadForm, _UPLOAD, _upload)


def _generate(form: GenerateForm, actor: Actor) -> None:
    data = form.cleaned_data
    generate_certificate(form.instance, key_type=data["key_type"], days=data["days"], actor=actor)


def _request(form: RequestForm, actor: Actor) -> None:
    request_certificate(form.instance, key_type=form.cleaned_data["key_type"], actor=actor)


@sensitive_variables()
def _upload(form: UploadForm, actor: Actor) -> list[x509.Certificate]:
    return upload_chain(
        form.instance,
        form.given("certificates"),
        private_key_pem=form.given("private_key"),
        password=form.cleaned_data["password"],
        actor=actor,
    )


def _next_step(certificate: SigningCertificate) -> SafeString | str:
    if certificate.is_pending:
        return success_messages.link("Download CSR", reverse("keys:certificate-csr", args=[certificate.pk]))
    if certificate.sealed_with is None:
        return ""
    return add_key_step(certificate)


def _handle(request: HttpRequest, form_class: type[CertificateForm], page: _Page, save: Save) -> HttpResponse:
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = form_class(*data)
    if data and form.is_valid():
        try:
            left_out = save(form, actors.from_request(request))
            parts = (named(form.instance), left_out_words(left_out or []))
            success_messages.add(request, page.done, *parts, next_step=_next_step(form.instance))
            return redirect(form.instance.get_absolute_url())
        except Invalid as refused:
            form.refuse(refused)
    if not data:
        kept_forms.shown_again(request, form)
    return render(request, "keys/certificate_form.html", {"form": form, "page": page})
