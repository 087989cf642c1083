"""The enrollment endpoints: parse, call, answer or refuse."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from enrollment import operations, presented, proof, representations, requests
from enrollment.answer import Enrolled
from enrollment.errors import BEFORE_PROOF, Refused
from keys.models import SigningCertificate
from portal import problems
from portal.actors import Actor
from portal.client_ip import client_ip, network_of
from portal.metrics import ENROLLMENTS
from portal.throttle import Shield

logger = logging.getLogger(__name__)
# Only refusals before proof are counted and shielded: any number of valid enrollments passes from one address.
unproved = Shield(limit=600, seconds=60)


@csrf_exempt  # no session: the provisioning key in the body is the credential
@login_not_required
@require_POST
@sensitive_variables()
def enroll(request: HttpRequest) -> HttpResponse:
    """POST /enrollment/v1/enroll: see docs/enrollment.md."""

    def answer(caller: Actor) -> HttpResponse:
        sent = requests.read_enroll(request)
        return _admitted(operations.enroll(sent.provisioning_key, sent.csr, caller=caller), "enrolled")

    return _answer_or_refuse(request, answer)


@csrf_exempt  # no session: the signature in the body is the credential
@login_not_required
@require_POST
@sensitive_variables()
def renew(request: HttpRequest) -> HttpResponse:
    """POST /enrollment/v1/renew: see docs/enrollment.md."""

    def answer(caller: Actor) -> HttpResponse:
        sent = requests.read_signed(request, "csr")
        certificate = presented.by_signature(sent, proof.RENEW, timezone.now())
        return _admitted(operations.renew(certificate, sent.content, caller=caller), "renewed")

    return _answer_or_refuse(request, answer)


@csrf_exempt  # no session: the signature in the body is the credential
@login_not_required
@require_POST
@sensitive_variables()
def heartbeat(request: HttpRequest) -> HttpResponse:
    """POST /enrollment/v1/heartbeat: see docs/enrollment.md."""

    def answer(caller: Actor) -> HttpResponse:
        sent = requests.read_signed(request, "body")
        certificate = presented.by_signature(sent, proof.HEARTBEAT, timezone.now())
        operations.record_contact(certificate, requests.read_report(sent.content))
        ENROLLMENTS.labels(code="heartbeat").inc()
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})

    return _answer_or_refuse(request, answer)


def _answer_or_refuse(request: HttpRequest, answer: Callable[[Actor], HttpResponse]) -> HttpResponse:
    caller = Actor("edge", "", "enrollment", client_ip=client_ip(request), request_id=request.request_id)  # type: ignore[attr-defined]  # set by RequestIdMiddleware
    try:
        return answer(caller)
    except Refused as refused:
        return _refuse(request, refused, caller)
    except (DatabaseError, InterfaceError) as error:
        logger.error("enrollment failed", extra={"kind": type(error).__name__, "request_id": caller.request_id})
        return _refuse(request, Refused("busy"), caller)


def _admitted(result: Enrolled, code: str) -> HttpResponse:
    ENROLLMENTS.labels(code="replayed" if result.replayed else code).inc()
    response = JsonResponse(representations.enrolled(result), status=200 if result.replayed else 201)
    response["Cache-Control"] = "no-store"
    if result.replayed:
        response["Enrollment-Replay"] = "true"
    return response


@login_not_required
@require_safe
def issuer_certificate(request: HttpRequest, issuer_id: int) -> HttpResponse:
    """GET /pki/<id>.cer: the issuer's certificate in DER, where an edge certificate says it is (RFC 5280 §4.2.2.1)."""
    certificate = get_object_or_404(SigningCertificate.objects.only("der"), pk=issuer_id)
    response = HttpResponse(bytes(certificate.der), content_type="application/pkix-cert")
    response["Cache-Control"] = "public, max-age=3600"
    return response


def _refuse(request: HttpRequest, refused: Refused, caller: Actor) -> HttpResponse:
    if refused.code in BEFORE_PROOF:
        refused = _shielded(refused, caller)
    code, refusal, wait = refused.code, refused.refusal, refused.refusal.retry_after
    if code == "rate_limited":
        wait = unproved.retry_after(network_of(caller.client_ip)) or wait
    ENROLLMENTS.labels(code=code).inc()
    return problems.response(request, refusal.status, code, refusal.title, refusal.detail, wait)


def _shielded(refused: Refused, caller: Actor) -> Refused:
    """Who proved nothing too often is told only to wait. A proved key is never shielded, whoever its neighbors are."""
    network = network_of(caller.client_ip)
    if unproved.retry_after(network):
        refused = Refused("rate_limited")
    else:
        unproved.count(network)
    _sample(refused.code, caller)
    return refused


def _sample(code: str, caller: Actor) -> None:
    try:
        operations.sample_refusal(code, caller)
    except (DatabaseError, InterfaceError):
        # A refusal must not become a 500 because the log of strangers is unreachable.
        logger.warning("refusal not sampled", extra={"code": code, "request_id": caller.request_id})
