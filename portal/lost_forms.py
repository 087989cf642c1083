"""Answers to forms that were not accepted because the session ended or the page is out of date.

What was typed is kept where the page can show it again (`portal.kept_forms`); elsewhere the answer advises to go back.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware import csrf
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal import kept_forms, problems
from portal.error_pages import render_error

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FROM_ELSEWHERE = (csrf.REASON_BAD_ORIGIN, csrf.REASON_BAD_REFERER)
_KEPT = "Nothing was stored. What you typed is kept for an hour"
_KEEP = "Nothing was stored. Go back in your browser: what you typed is usually still there. Copy what you need"
_NO_COOKIE = (
    "The browser sent the form without the portal's cookie: cookies are blocked, or were deleted. Nothing was stored. "
    "Allow cookies for this site, open the page again and send the form again."
)
_OTHER_SITE = "The form came from another site, so nothing was stored. Open the page here and send it again."
_SINCE = "You signed in or out in another tab or window since this page was opened"
_OUT_OF_DATE = f"{_SINCE}, or it was open for very long. {_KEEP}, then open the page again and send the form again."
_OUT_OF_DATE_BUT_KEPT = f"{_SINCE}. {_KEPT}: show the form again, check it and send it."
_ENDED = "Your session ended, so this form was not taken"
_SIGNED_OUT = f"{_ENDED}. {_KEEP}, then sign in and send the form again."
_SIGNED_OUT_BUT_KEPT = f"{_ENDED}. {_KEPT}: sign in with the same user name, check it and send it."


def signed_out(request: HttpRequest) -> HttpResponse | None:
    """The answer to a form whose session ended; None for a request that no page of the portal sent."""
    cookies = {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    if request.method in _SAFE or cookies.isdisjoint(request.COOKIES):
        return None
    kept = kept_forms.keep(request)
    sign_in = f"{reverse(settings.LOGIN_URL)}?next={quote(kept or page_of(request))}"
    return render_error(request, 401, _SIGNED_OUT_BUT_KEPT if kept else _SIGNED_OUT, ("Sign in", sign_in))


def out_of_date(request: HttpRequest, reason: str) -> HttpResponse:
    """The answer to a form whose CSRF token is missing or old; `reason` is Django's."""
    kept, sentence = "", _OUT_OF_DATE
    if reason == csrf.REASON_NO_CSRF_COOKIE:
        sentence = _NO_COOKIE
    elif any(reason.startswith(each.partition("%s")[0]) for each in _FROM_ELSEWHERE):
        sentence = _OTHER_SITE
    if not request.accepts("text/html"):
        return problems.response(request, 403, "form_not_taken", "Form not taken", sentence)
    if sentence == _OUT_OF_DATE and (kept := kept_forms.keep(request)):
        sentence = _OUT_OF_DATE_BUT_KEPT
    action = ("Show the form again", kept) if kept else ("Open the page again", page_of(request))
    return render_error(request, 403, sentence, action, title="This form was not taken")


def page_of(request: HttpRequest) -> str:
    """The address of the form's page from the Referer header; the front page when that is missing or another site."""
    sent = request.META.get("HTTP_REFERER", "")
    if not url_has_allowed_host_and_scheme(sent, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    page = urlsplit(sent)
    path = f"{page.path}?{page.query}" if page.query else page.path
    # Browsers read what follows two slashes at the beginning of a path, or a backslash there, as a host.
    is_own_path = url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_own_path and page.path != reverse(settings.LOGIN_URL) else "/"
