"""Revocation lists and issuers' certificates for relying parties: public, in DER, also over plain http.

Plain http is safe because both are signed. It is needed because a client that checks a certificate cannot check that
of this server first.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from enrollment.models import RevocationList
from enrollment.operations.revocation_lists import newest_list, publish
from keys.models import SigningCertificate
from portal.rate_limit import RateLimit

# Seconds. A revocation must be visible within 60 seconds.
_NO_ISSUER = "There is no such issuer."
_LIST_MAX_AGE = 30
_CERTIFICATE_MAX_AGE = 3600
# Limits the attempts to build a list that could not be built, because anybody may request it.
failed = RateLimit(limit=1, seconds=30)


@login_not_required
@require_safe
def revocation_list(request: HttpRequest, issuer_id: int) -> HttpResponse:
    """GET /pki/<id>.crl: the issuer's newest list (RFC 5280 §4.2.1.13), built first when one is due."""
    issuer = _issuers("fingerprint", "not_after", "sealed_with").filter(pk=issuer_id).first()
    if issuer is None:
        return _plain(_NO_ISSUER, 404)
    newest = newest_list(issuer) if failed.retry_after(str(issuer_id)) else _published(issuer)
    if newest:
        return _der(request, newest.der, "application/pkix-crl", f"{newest.number:x}", _LIST_MAX_AGE)
    if issuer.sealed_with is None:
        return _plain("The lists of this issuer are made elsewhere.", 404)
    response = _plain("The list cannot be made now.", 503)
    response["Retry-After"] = str(failed.seconds)
    return response


def _issuers(*columns: str) -> QuerySet[SigningCertificate]:
    return SigningCertificate.objects.complete().only(*columns)


def _published(issuer: SigningCertificate) -> RevocationList | None:
    published = publish(issuer)
    if not published.is_current:
        failed.count(str(issuer.pk))
    return published.newest


@login_not_required
@require_safe
def issuer_certificate(request: HttpRequest, issuer_id: int) -> HttpResponse:
    """GET /pki/<id>.cer: the issuer's certificate, at the address that an edge's certificate names.

    The certificate names it as caIssuers (RFC 5280 §4.2.2.1).
    """
    issuer = _issuers("der", "fingerprint").filter(pk=issuer_id).first()
    if issuer is None:
        return _plain(_NO_ISSUER, 404)
    return _der(request, issuer.der, "application/pkix-cert", issuer.fingerprint, _CERTIFICATE_MAX_AGE)


def _plain(sentence: str, status: int) -> HttpResponse:
    return HttpResponse(f"{sentence}\n", content_type="text/plain", status=status)


def _der(request: HttpRequest, der: bytes | memoryview, content_type: str, tag: str, max_age: int) -> HttpResponse:
    etag = f'"{tag}"'
    response = HttpResponse(bytes(der), content_type=content_type)
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={max_age}"
    # A 304 carries both headers too (RFC 9110 §15.4.5).
    return get_conditional_response(request, etag=etag, response=response) or response
