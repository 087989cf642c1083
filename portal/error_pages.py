"""The error pages. A signed-in user keeps the menu and *Sign out*; without the database a page has neither.

A program that does not accept HTML, such as a script of a page, gets a problem document instead.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from portal import accounts, problems, record_addresses
from portal.menu import MENU


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """The texts of one status: a code for programs, a heading, and a sentence with what to do."""

    code: str
    title: str
    sentence: str


ERROR_PAGES = {
    400: ErrorPage(
        "bad_request", "The request could not be read", "Go back, check what you entered and send it again."
    ),
    401: ErrorPage("sign_in_required", "You are signed out", "Sign in and send it again. Nothing was stored."),
    403: ErrorPage("forbidden", "You don't have access", "Ask an administrator for a role with access."),
    404: ErrorPage("not_found", "Page not found", "The address is wrong, or what was here has been deleted."),
    405: ErrorPage(
        "method_not_allowed",
        "This address shows no page",
        "It only takes what the button of a page sends. Open that page and use its button. Nothing was changed.",
    ),
    422: ErrorPage("invalid", "Some values are not accepted", "Go back, correct them and send it again."),
    409: ErrorPage("conflict", "This cannot be done now", "Go back and look at the current state."),
    500: ErrorPage(
        "server_error",
        "Something went wrong",
        "If you sent a form, check whether it was stored before you send it again. If this goes on, contact support.",
    ),
    503: ErrorPage(
        "busy",
        "The portal cannot use its database now",
        "Try again in a few seconds. If you sent a form, check whether it was stored before you send it again.",
    ),
}


def render_error(
    request: HttpRequest, status: int, sentence: str = "", action: tuple[str, str] | None = None, title: str = ""
) -> HttpResponse:
    """The page of a status. `sentence` and `title` replace its own texts; `action` is a link (label, address)."""
    page = ERROR_PAGES[status]
    title, sentence = title or page.title, sentence or page.sentence
    if not request.accepts("text/html"):
        return problems.response(request, status, page.code, title, sentence)
    context = {
        "status": status,
        "title": title,
        "sentence": sentence,
        "action": action or ("Service Edge Keys", reverse("keys:key-list")),
        "request_id": getattr(request, "request_id", ""),
        "layout": "plain.html",
    }
    return HttpResponse(_with_menu(request, context, status, action) or _rendered(request, context), status=status)


def _rendered(request: HttpRequest, context: dict[str, Any]) -> str:
    return render_to_string("error.html", context, request)


def _with_menu(
    request: HttpRequest, context: dict[str, Any], status: int, action: tuple[str, str] | None
) -> str | None:
    """The page of a signed-in user; None for a visitor, and when the database cannot be asked who that is.

    After an error of the server it is not asked: the page shows the menu if the request has read what that needs.
    """
    with ExitStack() as stack:
        if status >= 500:
            stack.enter_context(connection.execute_wrapper(_refuse))
        try:
            user = getattr(request, "user", None)
            if user is None or not user.is_authenticated:
                return None
            shown = {"action": action or _list_above(request), "layout": "base.html"}
            if status == 403 and not user.get_all_permissions():
                shown |= {"title": "You have no role", "sentence": f"{context['sentence']} {accounts.whom_to_ask()}"}
            return _rendered(request, context | shown)
        except DatabaseError:
            return None


def _list_above(request: HttpRequest) -> tuple[str, str] | None:
    """A link to the list in the menu that this address is below, else to the keys; None for who may not view it."""
    above = (each for each in MENU if request.path.startswith(record_addresses.page(each.url_name)))
    for entry in (*above, *(each for each in MENU if each.url_name == "keys:key-list")):
        if request.user.has_perm(entry.permission):
            return entry.label, record_addresses.page(entry.url_name)
    return None


def _refuse(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    raise DatabaseError("An error page of the server does not ask the database.")
