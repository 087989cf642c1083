"""Middleware: request ids, security headers, forwarded headers, sign-in."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from portal import client_certificate, csp, lost_forms, problems, sessions
from portal.audit import REQUEST_ID
from portal.client_ip import from_trusted_proxy

GetResponse = Callable[[HttpRequest], HttpResponse]
_SLASHES = re.compile("/+")
# Headers without use on a style sheet, script or font: no browser makes a page of it (`nosniff`), it asks this site
# alone, has an ETag beside `Last-Modified`, and nothing is logged about it.
_OF_PAGES = ("Cross-Origin-Opener-Policy", "Referrer-Policy", "Last-Modified", "X-Request-Id")


class RequestIdMiddleware:
    """Gives each request an id for logs, audit events and problem documents, and returns it as X-Request-Id."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id: str = request.META.get("HTTP_X_REQUEST_ID", "")
        if not (REQUEST_ID.fullmatch(request_id) and from_trusted_proxy(request)):
            request_id = secrets.token_hex(8)
        request.request_id = request_id  # type: ignore[attr-defined]  # HttpRequest is open by design
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class SecurityHeadersMiddleware:
    """Sets headers that Django 5.2 does not set: CSP, Permissions-Policy, CORP and, by default, `no-store`."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = csp.header(settings.SECURE_CSP)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not _is_part_of_pages(response):
            response.setdefault("Content-Security-Policy", self.policy)
            response.setdefault(
                "Permissions-Policy", "camera=(), geolocation=(), microphone=(), clipboard-write=(self)"
            )
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Cache-Control", "no-store, private")
        return response


def _is_part_of_pages(response: HttpResponse) -> bool:
    return response.get("Content-Type", "").startswith(("text/css", "text/javascript", "font/"))


class LeanHeadersMiddleware:
    """Removes headers that EST clients do not use: some of them read only 1,024 bytes of headers (LEAN_ADDRESSES).

    From style sheets, scripts and fonts, of which a page has two dozen, it removes what only pages need. It is the
    outermost middleware, so that it sees the headers of all others.
    """

    KEPT = frozenset(
        {
            "content-type", "content-length", "cache-control", "x-content-type-options", "x-request-id",
            "enrollment-replay", "www-authenticate", "retry-after", "allow", "location",
        }
    )  # fmt: skip

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _SLASHES.sub("/", request.path_info).startswith(settings.LEAN_ADDRESSES):
            for name in [name for name in response.headers if name.lower() not in self.KEPT]:
                del response[name]
            response.cookies.clear()
        elif _is_part_of_pages(response):
            for name in _OF_PAGES:
                response.headers.pop(name, None)
        return response


class ForwardedProtoMiddleware:
    """Drops forwarded headers that no trusted proxy sent, so that no client can claim https, an address or a
    certificate."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not from_trusted_proxy(request):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
            request.META.pop("HTTP_X_FORWARDED_FOR", None)
            request.META.pop("HTTP_FORWARDED", None)
            request.META.pop(client_certificate.environ_name(), None)
        return self.get_response(request)


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Requires sign-in for every view that is not marked public. Clients that do not accept HTML get 401.

    A request of a signed-in user is use of the session, unless the view is one that scripts poll.
    """

    def process_view(self, request: HttpRequest, view_func: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        # Django reads request.user before this flag, and public views (enrollment, health) must not load the session.
        if not getattr(view_func, "login_required", True):
            return None
        refused = super().process_view(request, view_func, args, kwargs)
        if refused is None and request.user.is_authenticated and not getattr(view_func, "polls", False):
            sessions.of(request).seen()
        return refused

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]) -> Any:
        if request.accepts("text/html"):
            # A redirect to the sign-in page and back would silently lose a form.
            return lost_forms.signed_out(request) or super().handle_no_permission(request, view_func)
        return problems.response(request, 401, "sign_in_required", "Sign in required", "Sign in first.")
