"""The EST views (RFC 7030 §4): parse the request, call the operation, answer or refuse. See docs/enrollment.md."""

from __future__ import annotations

from functools import partial

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from enrollment.endpoints import calls, presented_certificate, rate_limit
from enrollment.endpoints.est import answers, requests
from enrollment.endpoints.est.decorators import operation
from enrollment.errors import Refused
from keys import trust_anchors
from keys.models import SigningCertificate
from portal.client_certificate import client_certificate


@operation("GET", "HEAD")
def cacerts(request: HttpRequest, label: SigningCertificate | None) -> HttpResponse:
    """The CA certificates that have not expired. With a label, its certificate and those above it up to the root."""
    if label is None:
        current = SigningCertificate.objects.filter(not_after__gt=timezone.now()).order_by("pk")
        found = [bytes(der) for der in current.values_list("der", flat=True)]
    else:
        found = [bytes(each.der) for each in trust_anchors.up_from(label)]
    if not found:
        return answers.text(404, "no_certificates", "No signing certificate is in force. Tell an administrator.")
    return answers.certificates(found)


@operation("POST")
def simpleenroll(request: HttpRequest, label: SigningCertificate | None) -> HttpResponse:
    """Admit an edge, or repeat its answer. The issuer is the key's, whatever the label names."""
    if not requests.has_credentials(request):
        # This is not a refusal, so neither the rate limit nor the audit log counts it: some clients send the key only
        # after a 401.
        calls.count("credentials_required")
        return answers.challenge()
    caller = calls.caller_of(request)
    try:
        return answers.issued(calls.admit(requests.read_enroll(request), caller))
    except Refused as refused:
        return answers.refusal(*rate_limit.count_refusal(refused, caller))


@operation("POST")
def simplereenroll(request: HttpRequest, label: SigningCertificate | None) -> HttpResponse:
    """Renew the TLS client certificate that the proxy verified, for the same or a new key pair."""
    caller = calls.caller_of(request)
    try:
        try:
            certificate = client_certificate(request)
        except ValueError:
            raise Refused("unknown_certificate") from None
        if not certificate:
            # This is not a refusal either: the request claims no identity.
            calls.count("certificate_required")
            return answers.certificate_required()
        csr = requests.read_renew(request)
        return answers.issued(calls.renew(partial(presented_certificate.by_pem, certificate), csr, caller))
    except Refused as refused:
        return answers.refusal(*rate_limit.count_refusal(refused, caller))


@operation("GET", "HEAD")
def csrattrs(request: HttpRequest, label: SigningCertificate | None) -> HttpResponse:
    """The attributes that a CSR should have. They suit every signing certificate."""
    return answers.attributes()


@csrf_exempt  # a POST gets the same 404 as a GET, not Django's page about cookies
@login_not_required
def unknown(request: HttpRequest, address: str) -> HttpResponse:
    """A 404 in plain text for any other EST address."""
    return answers.text(404, "unknown_operation", "Use cacerts, csrattrs, simpleenroll or simplereenroll.")
