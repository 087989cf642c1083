"""The enrollment endpoint: parse, call, answer or refuse."""

from __future__ import annotations

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from enrollment import operations, representations, requests
from enrollment.errors import BEFORE_PROOF, Refused
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
    caller = Actor("edge", "", "enrollment", client_ip=client_ip(request), request_id=request.request_id)  # type: ignore[attr-defined]  # set by RequestIdMiddleware
    try:
        sent = requests.read_enroll(request)
        result = operations.enroll(sent.provisioning_key, sent.csr, caller=caller)
    except Refused as refused:
        return _refuse(request, refused, caller)
    except (DatabaseError, InterfaceError) as error:
        logger.error("enrollment failed", extra={"kind": type(error).__name__, "request_id": caller.request_id})
        return _refuse(request, Refused("busy"), caller)
    ENROLLMENTS.labels(code="replayed" if result.replayed else "enrolled").inc()
    response = JsonResponse(representations.enrolled(result), status=200 if result.replayed else 201)
    response["Cache-Control"] = "no-store"
    if result.replayed:
        response["Enrollment-Replay"] = "true"
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
