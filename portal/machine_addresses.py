"""Addresses that programs use: the right one where slashes are doubled or trailing, and probes under any host name.

A redirect would lose the POST of most programs, and a page says nothing to them.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from portal import problems


def is_of_machines(path: str) -> bool:
    """Whether programs alone use this address, or what stands below it."""
    return path.startswith(settings.PROBLEM_ADDRESSES + settings.TEXT_ADDRESSES) or path in settings.PROBE_ADDRESSES


def right_address(path: str) -> str:
    """The machine address meant by one with doubled or trailing slashes; empty for any other.

    Of what was sent only known words and numbers are repeated: it may be a key that went astray.
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
    """The answer to an unknown address of machines; None where a person may have asked."""
    if not is_of_machines(request.path_info):
        return None
    detail = "There is no such address. The portal's documentation lists them (docs/enrollment.md, docs/revocation.md)."
    return problems.response(request, 404, "unknown_address", "Unknown address", detail)


class MachineAddressMiddleware:
    """Answers what is misspelled before anything redirects it, and lets probes pass under any host name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if right := right_address(request.path_info):
            detail = f"Use {right}: single slashes, and none at the end."
            return problems.response(request, 404, "unknown_address", "Unknown address", detail)
        if request.path_info in settings.PROBE_ADDRESSES:
            _admit_any_host(request)
        return self.get_response(request)


def _admit_any_host(request: HttpRequest) -> None:
    try:
        request.get_host()
    except DisallowedHost:
        # None of their answers depends on it; a redirect to https leads to a name of ours.
        request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost")
