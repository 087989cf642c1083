"""How a refusal is answered that no form shows: a page with its status, or a problem document for a program."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal import problems
from portal.error_pages import render_error
from portal.refusals import Refused


def answer(request: HttpRequest, refused: Refused, action: tuple[str, str] | None = None) -> HttpResponse:
    """The answer to a refused operation; `action` is the link (label, address) of the page."""
    if request.accepts("text/html"):
        return render_error(request, refused.status, str(refused), action)
    return problems.response(request, refused.status, refused.code, refused.title, str(refused))


class RefusalMiddleware:
    """Answers the refusals that a view does not catch, so that no view knows which status belongs to which."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer(request, exception) if isinstance(exception, Refused) else None
