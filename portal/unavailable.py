"""The one answer to a database that is away, locked, read only or full: 503, and when to come back.

The error handlers call it, through which every exception passes that a view, a template or a middleware lets out.
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
    """The answer where `error` comes from the state of the database; None where it is anything else."""
    if error is None or not is_unavailable(error):
        return None
    response = _in_the_words_of(request)
    response["Retry-After"] = str(RETRY_AFTER)
    # Django would log a traceback for each request of an outage, unless the response has been logged.
    log_response("database unavailable", response=response, request=request, logger=logger)
    return response


def _in_the_words_of(request: HttpRequest) -> HttpResponse:
    if request.path_info.startswith(settings.TEXT_ADDRESSES):
        return HttpResponse(f"busy: {_SENTENCE}\n", content_type="text/plain; charset=utf-8", status=503)
    if request.path_info.startswith(settings.PROBLEM_ADDRESSES) or not request.accepts("text/html"):
        return problems.response(request, 503, "busy", "Busy", _SENTENCE)
    return render_error(request, 503)
