"""Compression of HTML pages, only where an attacker cannot learn from the length."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressionMiddleware(GZipMiddleware):
    """Compresses the answer to a GET that comes from a page of the portal or from the address bar.

    BREACH (CVE-2013-3587) derives a secret from the lengths of compressed answers that contain it beside text of an
    attacker, whose site makes the victim's browser repeat the request. Browsers name the origin of a request in
    `Sec-Fetch-Site`; answers to other sites are not compressed. A key's text is only in answers to POST. The remaining
    secret of a page is the CSRF token, which Django masks differently in each answer.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.get("Content-Type", "").startswith("text/html")
        is_ours = request.headers.get("Sec-Fetch-Site") in {"same-origin", "none"}
        if request.method == "GET" and is_page and is_ours:
            return super().process_response(request, response)
        return response
