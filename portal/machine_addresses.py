"""Addresses that programs use: errors for doubled and trailing slashes, and probes under any host name.

Most programs turn a POST into a GET when they follow a redirect, and cannot use an HTML page.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from portal import problems


def is_of_machines(path: str) -> bool:
    """Whether only programs use this address."""
    return path.startswith(settings.PROBLEM_ADDRESSES + settings.TEXT_ADDRESSES) or path in settings.PROBE_ADDRESSES


def right_address(path: str) -> str:
    """The valid address for one with doubled or trailing slashes; empty for any other.

    The result repeats only known words and numbers of `path`, which may contain a key's text.
    """
    single = "/" + "/".join(filter(None, path.split("/")))
    if single == path or not is_of_machines(single):
        return ""
    try:
        values = resolve(single).kwargs.values()
    except Resolver404:
        return ""
    return single if all(str(value).isdigit() for value in values) else ""


def unknown(request: HttpRequest) -> HttpResponse | None:
    """The answer to an unknown address that only programs use; None for other addresses."""
    if not is_of_machines(request.path_info):
        return None
    detail = "There is no such address. The portal's documentation lists them (docs/enrollment.md, docs/revocation.md)."
    return problems.response(request, 404, "unknown_address", "Unknown address", detail)


class MachineAddressMiddleware:
    """Answers addresses with wrong slashes before Django redirects them, and admits probes under any host name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if right := right_address(request.path_info):
            detail = f"Use {right}: single slashes, and none at the end."
            return problems.response(request, 404, "unknown_address", "Unknown address", detail)
        if request.path_info in settings.PROBE_ADDRESSES:
            try:
                request.get_host()
            except DisallowedHost:
                # The answers of probes do not depend on the host; a redirect to https uses this one.
                request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost")
        return self.get_response(request)
