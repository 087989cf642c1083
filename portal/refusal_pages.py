"""How a refusal is answered that no form shows: a page with its status, or a problem document for a program."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import is_valid_path

from portal import actors, audit, problems
from portal.error_pages import ERROR_PAGES, render_error
from portal.machine_addresses import is_of_machines
from portal.refusals import Refused


def answer(request: HttpRequest, refused: Refused, action: tuple[str, str] | None = None) -> HttpResponse:
    """The answer to a refused operation; `action` is the link (label, address) of the page."""
    if request.accepts("text/html"):
        return render_error(request, refused.status, str(refused), action, refused.title)
    return problems.response(request, refused.status, refused.code, refused.title, str(refused))


def record(request: HttpRequest, reason: str) -> None:
    """An event: a signed-in user asked for a page that is not for them, or not for now; some of many in one minute."""
    match = request.resolver_match
    if match is None or (actor := actors.from_request(request)).kind != "user":
        return
    # An address whose parts are not all ids may hold anything that somebody typed.
    is_plain = all(isinstance(value, int) for value in match.kwargs.values())
    detail = {"method": request.method, "page": request.path if is_plain else f"/{match.route}"}
    subject = audit.Subject("user", actor.id, actor.name)
    audit.record(audit.Action.USER_REFUSED, actor, subject, reason=reason, detail=detail)


class RefusalMiddleware:
    """Answers the refusals that a view does not catch, so that no view knows which status belongs to which.

    Django's own answer to a method that a view does not allow is empty: a browser would show a white page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            shown = _method_not_allowed(request, response["Allow"])
            # The response stays, with its Allow header and its line in the log.
            response.content, response["Content-Type"] = shown.content, shown["Content-Type"]
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refused):
            return None
        if exception.is_event and not exception.attempted:
            # A view found it before it called an operation.
            record(request, exception.code)
        return answer(request, exception)


def _method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    if is_of_machines(request.path_info) or not request.accepts("text/html"):
        sentence = f"This address answers {allowed}."
        return problems.response(request, 405, ERROR_PAGES[405].code, "Method not allowed", sentence)
    if "GET" in allowed:
        sentence = "It takes no form. Open it without one. Nothing was changed."
        return render_error(request, 405, sentence, ("Open the page", request.path), "This page only shows")
    return render_error(request, 405, action=_page_above(request.path_info))


def _page_above(path: str) -> tuple[str, str] | None:
    """A link to the page whose button sends to this address: that of the key for `…/7/reveal/`."""
    above = path.rstrip("/").rpartition("/")[0] + "/"
    return ("Open its page", above) if is_valid_path(above) else None
