"""The edge's own program for machines that have nothing yet: public, because it holds no secret."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from enrollment import downloads

_DIGEST = ".sha256"
_TEXT = "text/plain; charset=utf-8"


@login_not_required
@require_safe
def download(request: HttpRequest, name: str) -> HttpResponse:
    """GET /downloads/<name>: the file. GET /downloads/<name>.sha256: the hex digits of its SHA-256.

    The address of one version, which has `?v=` and these digits, may be cached for ever; others are asked again.
    """
    of = name.removesuffix(_DIGEST)
    found = downloads.find(of)
    if found is None and of in downloads.BUILT_AS:
        return _refused(f"{of} was not built here. On the portal, run: manage.py build_downloads")
    if found is None:
        return _refused(f"There is no such file. The names are {', '.join(downloads.BUILT_AS)}.")
    if of != name:
        response = HttpResponse(f"{found.sha256}\n", content_type=_TEXT)
    else:
        response = HttpResponse(
            found.content, content_type=_TEXT if name.endswith(".sh") else "application/octet-stream"
        )
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    is_version = request.GET.get("v") == found.sha256
    response["Cache-Control"] = "public, max-age=31536000, immutable" if is_version else "public, no-cache"
    response["ETag"] = etag = f'"{found.sha256}"'
    return get_conditional_response(request, etag=etag, response=response) or response


def _refused(sentence: str) -> HttpResponse:
    return HttpResponse(f"{sentence}\n", content_type=_TEXT, status=404)
