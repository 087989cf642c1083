"""The error handlers."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse

from portal import lost_forms, machine_addresses, refusal_pages, unavailable
from portal.error_pages import render_error


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    # Django raises SessionInterrupted, a bad request, when a session cannot be stored.
    return unavailable.answer(request, exception) or render_error(request, 400)


@login_not_required
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    refusal_pages.record(request, "forbidden")
    # The text of a PermissionDenied names the rule that refused; a missing permission has no text.
    return render_error(request, 403, sentence=str(exception))


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return machine_addresses.unknown(request) or render_error(request, 404)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    return unavailable.answer(request, sys.exception()) or render_error(request, 500)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "", **_: Any) -> HttpResponse:
    """Django's CSRF failure view: the page is older than a sign-in in another tab, or another site sent the form."""
    return lost_forms.out_of_date(request, reason)
