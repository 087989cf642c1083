"""Across modules: F08, every page answers whatever its query string holds, and shows what was sent only as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from unittest.mock import patch

from django.core.handlers import wsgi
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from portal.lists import listing
from tests.base import PortalTestCase, make_user
from tests.factories import make_key
from tests.support import odd_queries
from tests.support.html import parsed

# Imports every view, and with them every list.
get_resolver().url_patterns  # noqa: B018
LISTS = {reverse(listed.address) for listed in listing.LISTS}
KEYS = "/service-edge-keys/"
NOT_HERE = ("/admin/", "/accounts/")


def addresses(patterns: list, prefix: str = "/") -> Iterator[str]:
    """Every URL without arguments."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if "<" in route or route.startswith(NOT_HERE):
            continue
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def pages(client: Client) -> list[str]:
    """The URLs that answer with a page."""
    found = []
    for path in addresses(get_resolver().url_patterns):
        answer = client.get(path)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            found.append(path)
    return found


class AskedQueryDict(QueryDict):
    """A query string that knows which of its parameters somebody asked for by name."""

    asked: ClassVar[set[str]] = set()

    def __init__(self, *args, **kwargs):
        self.is_read = False
        super().__init__(*args, **kwargs)
        self.is_read = True

    def __getitem__(self, key):
        self.ask(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self.ask(key)
        return super().__contains__(key)

    def getlist(self, key, default=None):
        self.ask(key)
        return super().getlist(key, default)

    def items(self):
        """All of them, whatever their names."""
        return ((key, values[-1]) for key, values in self.lists())

    def ask(self, key):
        if self.is_read:
            self.asked.add(key)


class RudeAddresses(PortalTestCase):
    @classmethod
    def setUpTestData(cls):
        for name in ("London 1", "London 2"):
            make_key(name)

        client = cls.client_class()
        client.force_login(make_user("sue"))
        cls.pages = pages(client)

    def setUp(self):
        self.sign_in("sue")

    def test_the_list_pages_are_among_them(self):
        self.assertLessEqual(LISTS, set(self.pages))

    def assert_polite(self, path, query):
        answer = self.client.get(f"{path}?{query}")
        self.assertLess(answer.status_code, 500)
        content = answer.content.decode()
        self.assertNotIn("\0", content)
        self.assertNotIn("<script>alert", content)

    def test_f08_a_hundred_rude_query_strings_on_every_page_make_no_500(self):
        for path in self.pages:
            for query in odd_queries.queries(100 if path == KEYS else 30 if path in LISTS else 10):
                with self.subTest(path=path, query=query[:200]):
                    self.assert_polite(path, query)

    def test_f08_a_nul_in_every_parameter_of_every_page_goes_nowhere(self):
        """All parameters at once, then each alone that the page asks for by its name."""
        for path in self.pages:
            for value in ("%00", "a%00b", "%FF%FE", "%ED%A0%80") if path == KEYS else ("%00",):
                together = "&".join(odd_queries.each_alone(value))
                with patch.object(wsgi, "QueryDict", AskedQueryDict), self.subTest(path=path, value=value):
                    AskedQueryDict.asked.clear()
                    self.assert_polite(path, "")
                    self.assert_polite(path, together)
                asked = set(odd_queries.PARAMETERS) & AskedQueryDict.asked
                self.assertLessEqual({"q", "sort", "after", "expand"} if path in LISTS else set(), asked)
                for query in odd_queries.each_alone(value, sorted(asked)):
                    with self.subTest(path=path, query=query):
                        self.assert_polite(path, query)

    def test_f08_what_is_no_cursor_is_carried_nowhere(self):
        for path in LISTS:
            for name in ("after", "before"):
                page = parsed(self.client.get(f"{path}?{name}=no%20cursor%00"))
                self.assertEqual(page.select(f'[name="{name}"], [href*="{name}=no"]'), [])
