"""The error pages. They read neither session nor user, so that they work without the database."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """The texts of one status: a heading, and a sentence with what to do."""

    title: str
    sentence: str


ERROR_PAGES = {
    400: ErrorPage("The request could not be read", "Go back, check what you entered and send it again."),
    401: ErrorPage("You are signed out", "Sign in and send it again. Nothing was stored."),
    403: ErrorPage("You don't have access", "Ask an administrator for a role with access."),
    404: ErrorPage("Page not found", "The address is wrong, or what was here has been deleted."),
    422: ErrorPage("Some values are not accepted", "Go back, correct them and send it again."),
    409: ErrorPage("This cannot be done now", "Go back and look at the current state."),
    500: ErrorPage(
        "Something went wrong",
        "If you sent a form, check whether it was stored before you send it again. If this goes on, contact support.",
    ),
    503: ErrorPage(
        "The portal cannot use its database now",
        "Try again in a few seconds. If you sent a form, check whether it was stored before you send it again.",
    ),
}


def render_error(
    request: HttpRequest, status: int, sentence: str = "", action: tuple[str, str] | None = None, title: str = ""
) -> HttpResponse:
    """The page of a status. `sentence` and `title` replace its own texts; `action` is a link (label, address)."""
    page = ERROR_PAGES[status]
    context = {
        "status": status,
        "title": title or page.title,
        "sentence": sentence or page.sentence,
        "action": action or ("Service Edge Keys", reverse("keys:key-list")),
        "request_id": getattr(request, "request_id", ""),
    }
    return render(request, "error.html", context, status=status)
