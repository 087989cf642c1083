"""The link back to the keys page, with the filters, order, page and open rows that the reader had.

A page that is opened from the list finds them in the Referer, which browsers send within the site
(SECURE_REFERRER_POLICY). So the links of a row need no parameter, and rows that a script opened are included. Later
links and forms carry them along as `back`, the query string of the list. It is only parsed as a state of the list, so
it cannot lead to another site.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from keys.pages.key_list import KEYS

LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Back:
    """A state of the list, as its query string without "?". Empty for the list without filters."""

    query: str

    @property
    def url(self) -> str:
        """The address of the list."""
        return reverse("keys:key-list") + (f"?{self.query}" if self.query else "")

    @property
    def suffix(self) -> str:
        """The query string that a link needs to carry this along."""
        return f"?{urlencode({'back': self.query})}" if self.query else ""


def way_back(request: HttpRequest) -> Back:
    """The list that a request came from, else the list without filters. Never raises."""
    query = request.POST.get("back", request.GET.get("back"))
    if query is None:
        query = _query_of_referer(request)
    if len(query) > LONGEST:
        return Back("")
    try:
        return Back(KEYS.state(QueryDict(query)).link.removeprefix("?"))
    except TooManyFieldsSent:
        return Back("")


def _query_of_referer(request: HttpRequest) -> str:
    try:
        address = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    is_list = (address.netloc, address.path) == (request.get_host(), reverse("keys:key-list"))
    return address.query if is_list else ""
