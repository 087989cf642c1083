"""The way back to the list a person came from, as it was: filters, order, page and open rows.

The page behind the list knows it by its Referer, which browsers send within the site (SECURE_REFERRER_POLICY); so the
links of a row stay plain, and rows that a script opened count. From there it is carried along as `back`, the query
string of the list. Whatever stands there is only read as a state of the list, so it leads nowhere else.
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
    """A state of the list, as its query string without "?"; empty for the list as it opens."""

    query: str

    @property
    def url(self) -> str:
        """The address of the list."""
        return reverse("keys:key-list") + (f"?{self.query}" if self.query else "")

    @property
    def suffix(self) -> str:
        """What a link appends to carry this along."""
        return f"?{urlencode({'back': self.query})}" if self.query else ""


def way_back(request: HttpRequest) -> Back:
    """Where a request came from; the list as it opens when that cannot be told. Never fails."""
    given = request.POST.get("back", request.GET.get("back"))
    return Back(_cleaned(_of_referer(request) if given is None else given))


def _of_referer(request: HttpRequest) -> str:
    try:
        address = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    is_list = (address.netloc, address.path) == (request.get_host(), reverse("keys:key-list"))
    return address.query if is_list else ""


def _cleaned(query: str) -> str:
    if len(query) > LONGEST:
        return ""
    try:
        return KEYS.state(QueryDict(query)).link.removeprefix("?")
    except TooManyFieldsSent:
        return ""
