"""The EST operations (RFC 7030 §4): parse, call, answer or refuse. See docs/enrollment.md."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from enrollment.endpoints import door, presented_certificate, rate_limit
from enrollment.endpoints.est import answers, requests
from enrollment.endpoints.est.doors import operation
from enrollment.errors import Refused
from keys import trust_anchors
from keys.models import SigningCertificate
from portal.client_certificate import client_certificate


@operation("GET", "HEAD")
def cacerts(request: HttpRequest, label: SigningCertificate | None) -> HttpResponse:
    """The CA certificates that have not expired; with a label that certificate and those above it, up to its root."""
    found = list(_in_force() if label is None else trust_anchors.chain_ders(label))
    if not found:
        return answers.text(404, "no_certificates", "No signing certificate is in force. Tell an administrator.")
    return answers.certificates(found)


def _in_force() -> Iterable[bytes]:
    current = SigningCertificate.objects.filter(not_after__gt=timezone.now()).order_by("pk")
    return map(bytes, current.values_list("der", flat=True))


@operation("POST")
def simpleenroll(request: HttpRequest, label: SigningCertificate | None) -> HttpResponse:
    """Admit an edge, or repeat its answer. The key decides the issuer, whatever the label says."""
    if not requests.has_credentials(request):
        # Not a refusal: some clients send the key only when asked, so it is neither shielded nor recorded.
        door.count("credentials_required")
        return answers.challenge()
    caller = door.caller_of(request)
    try:
        return answers.issued(door.admit(requests.read_enroll(request), caller))
    except Refused as refused:
        return answers.refusal(*rate_limit.settle(refused, caller))


@operation("POST")
def simplereenroll(request: HttpRequest, label: SigningCertificate | None) -> HttpResponse:
    """The next certificate of the edge whose TLS client certificate a proxy verified, for the old or a new key pair."""
    caller = door.caller_of(request)
    try:
        certificate = _handed_over(request)
        if not certificate:
            # No refusal either: nothing was claimed, and nothing is looked up.
            door.count("certificate_required")
            return answers.certificate_required()
        csr = requests.read_renew(request)
        return answers.issued(door.renew(partial(presented_certificate.by_pem, certificate), csr, caller))
    except Refused as refused:
        return answers.refusal(*rate_limit.settle(refused, caller))


def _handed_over(request: HttpRequest) -> str:
    try:
        return client_certificate(request)
    except ValueError:
        raise Refused("unknown_certificate") from None


@operation("GET", "HEAD")
def csrattrs(request: HttpRequest, label: SigningCertificate | None) -> HttpResponse:
    """The kind of CSR that suits every signing certificate."""
    return answers.attributes()


@csrf_exempt  # nothing is done here: a POST gets its 404 in the words of EST, not a page about cookies
@login_not_required
def unknown(request: HttpRequest, address: str) -> HttpResponse:
    """Any other EST address, in the words of the others."""
    return answers.text(404, "unknown_operation", "Use cacerts, csrattrs, simpleenroll or simplereenroll.")
