"""Pages over the wire: HTML is compressed where nobody else can learn from its length."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressionMiddleware(GZipMiddleware):
    """Compresses the answer to a GET that a page of the portal, or a person at the address bar, made.

    BREACH (CVE-2013-3587) reads a secret off the lengths of compressed answers that hold it beside a text of the
    attacker's, whose site makes the victim's browser ask again and again. Here such requests are answered as they are:
    browsers tell in `Sec-Fetch-Site` who asks. The text of a key is only ever in the answer to a POST. What is left to
    guess in a page is the CSRF token, and that is masked anew in each.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.get("Content-Type", "").startswith("text/html")
        is_ours = request.headers.get("Sec-Fetch-Site") in {"same-origin", "none"}
        if request.method == "GET" and is_page and is_ours:
            return super().process_response(request, response)
        return response
