"""The answer to a database that is down, locked, read only or full: 503 with Retry-After.

The error handlers of `portal.urls` call it, so it covers exceptions of views, templates and middleware.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response

from portal import problems
from portal.database import is_unavailable
from portal.error_pages import render_error

logger = logging.getLogger(__name__)
RETRY_AFTER = 5
_SENTENCE = "The portal cannot use its database now. Try again with the same content: what was sent may not be stored."


def answer(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The answer when `error` means that the database cannot serve; None for any other error."""
    if error is None or not is_unavailable(error):
        return None
    if request.path_info.startswith(settings.TEXT_ADDRESSES):
        response = HttpResponse(f"busy: {_SENTENCE}\n", content_type="text/plain; charset=utf-8", status=503)
    elif request.path_info.startswith(settings.PROBLEM_ADDRESSES) or not request.accepts("text/html"):
        response = problems.response(request, 503, "busy", "Busy", _SENTENCE)
    else:
        response = render_error(request, 503)
    response["Retry-After"] = str(RETRY_AFTER)
    # Logged here without a traceback: Django logs one for each request unless the response is already logged.
    log_response("database unavailable", response=response, request=request, logger=logger)
    return response
