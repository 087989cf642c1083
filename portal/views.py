"""The front page and the error pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """The words of one status: a heading and a sentence that says what to do."""

    title: str
    sentence: str


ERROR_PAGES = {
    400: ErrorPage("The request could not be read", "Go back, check what you entered and send it again."),
    403: ErrorPage("You may not do this", "Ask an administrator for a role that may."),
    404: ErrorPage("There is nothing here", "The address is wrong, or what was here has been deleted."),
    409: ErrorPage("This cannot be done now", "Go back and look at the current state."),
    500: ErrorPage(
        "Something went wrong", "Nothing was changed by this request. Try again; if it persists, tell support."
    ),
    503: ErrorPage("The portal is busy", "Nothing was changed. Try again in a few seconds."),
}


def render_error(
    request: HttpRequest, status: int, sentence: str = "", action: tuple[str, str] | None = None
) -> HttpResponse:
    """The page of a status; `sentence` replaces the standing one, `action` is a link as (label, address)."""
    page = ERROR_PAGES[status]
    context = {
        "status": status,
        "title": page.title,
        "sentence": sentence or page.sentence,
        "action": action or ("Service Edge Keys", "/service-edge-keys/"),
        "request_id": getattr(request, "request_id", ""),
    }
    return render(request, "error.html", context, status=status)


def home(request: HttpRequest) -> HttpResponse:
    """Leads to the keys page until there is a dashboard."""
    return redirect("keys:key-list")


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render_error(request, 400)


@login_not_required
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    # A PermissionDenied with a text says which rule refused; one without comes from a missing permission.
    return render_error(request, 403, sentence=str(exception))


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render_error(request, 404)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    return render_error(request, 500)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "", **_: Any) -> HttpResponse:
    """The page was open too long, or another site sent the form."""
    return render_error(request, 403, "This page was open too long. Go back, reload it and send the form again.")
