"""How a refusal is answered that no form shows: a page with its status, or a problem document for a program."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from portal import problems
from portal.error_pages import render_error
from portal.refusals import Refused


def answer(request: HttpRequest, refused: Refused, action: tuple[str, str] | None = None) -> HttpResponse:
    """The answer to a refused operation; `action` is the link (label, address) of the page."""
    if request.accepts("text/html"):
        return render_error(request, refused.status, str(refused), action)
    return problems.response(request, refused.status, refused.code, refused.title, str(refused))


class RefusalMiddleware:
    """Answers the refusals that a view does not catch, so that no view knows which status belongs to which.

    Programs get a problem document for a method that a view does not allow, too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or request.accepts("text/html"):
            return response
        # Django's own answer is empty.
        sentence = f"This address answers {response['Allow']}."
        problem = problems.response(request, 405, "method_not_allowed", "Method not allowed", sentence)
        problem["Allow"] = response["Allow"]
        return problem

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer(request, exception) if isinstance(exception, Refused) else None
