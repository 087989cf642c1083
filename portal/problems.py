"""RFC 9457 problem documents: how every JSON door of the portal says no."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse

CONTENT_TYPE = "application/problem+json"


def response(
    request: HttpRequest, status: int, code: str, title: str, detail: str, retry_after: int | None = None
) -> HttpResponse:
    """A refusal with a stable `code`; `detail` says what to do and never repeats the input."""
    document = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": getattr(request, "request_id", ""),
    }
    headers = {"Cache-Control": "no-store"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return HttpResponse(json.dumps(document), content_type=CONTENT_TYPE, status=status, headers=headers)
