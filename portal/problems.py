"""RFC 9457 problem documents: the error answers to programs that use JSON."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse

CONTENT_TYPE = "application/problem+json"


def response(
    request: HttpRequest, status: int, code: str, title: str, detail: str, retry_after: int | None = None
) -> HttpResponse:
    """A problem document. `code` is stable; `detail` explains what to do and never repeats input.

    `retry_after` is in seconds.
    """
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
