"""The JSON endpoints: parse the request, call the operation, answer or refuse. See docs/enrollment.md."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from enrollment import operations
from enrollment.endpoints import calls, presented_certificate, rate_limit, representations, requests
from enrollment.errors import Refused
from enrollment.operations.answer import Enrolled
from enrollment.pki import proof
from portal import problems
from portal.actors import Actor


@csrf_exempt  # no session: the provisioning key in the body is the credential
@login_not_required
@require_POST
@sensitive_variables()
def enroll(request: HttpRequest) -> HttpResponse:
    """POST /enrollment/v1/enroll: the first certificate of an edge."""
    return _answer_or_refuse(request, lambda caller: _admitted(calls.admit(requests.read_enroll(request), caller)))


@csrf_exempt  # no session: the signature in the body is the credential
@login_not_required
@require_POST
@sensitive_variables()
def renew(request: HttpRequest) -> HttpResponse:
    """POST /enrollment/v1/renew: the next certificate of an edge."""

    def answer(caller: Actor) -> HttpResponse:
        sent = requests.read_renew(request)
        certificate = partial(presented_certificate.by_signature, sent.signed, proof.RENEW, timezone.now())
        return _admitted(calls.renew(certificate, sent.signed.content, caller, sent.trust_anchor_sha256))

    return _answer_or_refuse(request, answer)


@csrf_exempt  # no session: the signature in the body is the credential
@login_not_required
@require_POST
@sensitive_variables()
def heartbeat(request: HttpRequest) -> HttpResponse:
    """POST /enrollment/v1/heartbeat: an edge reports its version, platform and addresses."""

    def answer(caller: Actor) -> HttpResponse:
        sent = requests.read_heartbeat(request)
        with calls.busy_without_database(caller):
            certificate = presented_certificate.by_signature(sent, proof.HEARTBEAT, timezone.now())
            operations.record_contact(certificate, requests.read_report(sent.content))
        calls.count("heartbeat")
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})

    return _answer_or_refuse(request, answer)


def _answer_or_refuse(request: HttpRequest, answer: Callable[[Actor], HttpResponse]) -> HttpResponse:
    caller = calls.caller_of(request)
    try:
        return answer(caller)
    except Refused as refused:
        answered, wait = rate_limit.count_refusal(refused, caller)
        refusal = answered.refusal
        return problems.response(request, refusal.status, answered.code, refusal.title, answered.detail, wait)


def _admitted(result: Enrolled) -> HttpResponse:
    response = JsonResponse(representations.enrolled(result), status=200 if result.replayed else 201)
    response["Cache-Control"] = "no-store"
    if result.replayed:
        response["Enrollment-Replay"] = "true"
    return response
