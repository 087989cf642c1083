"""What all EST views share: methods, labels, and refusals in plain text."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from enrollment.endpoints.est import answers
from enrollment.errors import Refused
from keys.models import SigningCertificate

logger = logging.getLogger(__name__)
# Labels are row ids, which have fewer digits in every database.
_MOST_DIGITS = 18
_Operation = Callable[[HttpRequest, SigningCertificate | None], HttpResponse]


def operation(*methods: str) -> Callable[[_Operation], Callable[..., HttpResponse]]:
    """Make a public view of a function. It gets the signing certificate that the label names, or None without one."""

    def decorate(run: _Operation) -> Callable[..., HttpResponse]:
        @csrf_exempt  # no session: the credential is in the request
        @login_not_required
        @sensitive_variables()
        @functools.wraps(run)
        def view(request: HttpRequest, label: str | None = None) -> HttpResponse:
            if request.method not in methods:
                response = answers.text(405, "method_not_allowed", f"Use {methods[0]}.")
                response["Allow"] = ", ".join(methods)
                return response
            try:
                certificate = None if label is None else _labeled(label)
                if label is not None and certificate is None:
                    fault = "Leave the label out, or give the id of a signing certificate."
                    return answers.text(404, "unknown_label", fault)
                return run(request, certificate)
            except (DatabaseError, InterfaceError) as error:
                logger.error("EST answer failed", extra={"kind": type(error).__name__})
                return answers.refusal(Refused("busy"), 5)

        return view

    return decorate


def _labeled(label: str) -> SigningCertificate | None:
    if not label.isascii() or not label.isdigit() or len(label) > _MOST_DIGITS:
        return None
    return SigningCertificate.objects.complete().defer("sealed_private_key").filter(pk=int(label)).first()
