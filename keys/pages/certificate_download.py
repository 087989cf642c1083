"""Download of certificates and CSRs, which are public. No address serves a private key."""

from __future__ import annotations

import ssl

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from keys.models import SigningCertificate
from keys.pages.certificate_access import NOT_ALLOWED, VIEW, get_certificate
from portal.access import requires


@require_safe
@requires(VIEW, NOT_ALLOWED)
def certificate_pem(request: HttpRequest, pk: int) -> HttpResponse:
    """The certificate alone, without its chain."""
    certificate = get_certificate(pk)
    if certificate.is_pending:
        raise Http404
    return _file(certificate, ssl.DER_cert_to_PEM_cert(bytes(certificate.der)), "pem", "application/x-pem-file")


@require_safe
@requires(VIEW, NOT_ALLOWED)
def certificate_csr(request: HttpRequest, pk: int) -> HttpResponse:
    """The CSR of a pending certificate (PKCS #10)."""
    certificate = get_certificate(pk)
    if certificate.request is None:
        raise Http404
    text = x509.load_der_x509_csr(bytes(certificate.request)).public_bytes(Encoding.PEM).decode()
    return _file(certificate, text, "csr", "application/pkcs10")


def _file(certificate: SigningCertificate, text: str, suffix: str, content_type: str) -> HttpResponse:
    response = HttpResponse(text, content_type=content_type)
    name = slugify(certificate.name) or f"certificate-{certificate.pk}"
    response["Content-Disposition"] = f'attachment; filename="{name}.{suffix}"'
    return response
