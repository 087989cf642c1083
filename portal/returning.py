"""Back to the page of the portal from which a form was opened."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.http import url_has_allowed_host_and_scheme

_LONGEST = 4000


def origin(request: HttpRequest, pages: Collection[str]) -> str:
    """The path and query of the page the form was opened from, if it is one of `pages` (URL names); else empty.

    It comes from the field `next`, which the form carries along, at first from the Referer header, which browsers send
    within the site (SECURE_REFERRER_POLICY). Never raises.
    """
    sent = request.POST.get("next") or request.headers.get("Referer", "")
    is_own = len(sent) <= _LONGEST and url_has_allowed_host_and_scheme(
        sent, {request.get_host()}, require_https=request.is_secure()
    )
    if not is_own:
        return ""
    page = urlsplit(sent)
    return page._replace(scheme="", netloc="", fragment="").geturl() if page_of(page.path) in pages else ""


def page_of(path: str) -> str:
    """The URL name of a path of the portal; empty for any other."""
    prefix = get_script_prefix()
    try:
        return resolve(f"/{path.removeprefix(prefix)}").view_name if path.startswith(prefix) else ""
    except Resolver404:
        return ""
