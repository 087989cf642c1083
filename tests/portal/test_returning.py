"""The page that a form was opened from: a page of the portal, or none."""

from __future__ import annotations

from django.test import RequestFactory, SimpleTestCase
from django.test.utils import override_script_prefix

from portal import returning

PAGES = ("keys:key-list", "keys:key-detail")


class Origin(SimpleTestCase):
    def origin(self, address: str, *, field: bool = True) -> str:
        factory = RequestFactory()
        request = (
            factory.post("/here/", {"next": address}, secure=True)
            if field
            else factory.get("/here/", headers={"Referer": address}, secure=True)
        )
        return returning.origin(request, PAGES)

    def test_a_wanted_page_of_this_host_with_its_query(self) -> None:
        for address in (
            "/service-edge-keys/?q=a&sort=-uses",
            "https://testserver/service-edge-keys/?q=a&sort=-uses",
            "https://testserver/service-edge-keys/?q=a&sort=-uses#edges",
        ):
            for field in (True, False):
                self.assertEqual(self.origin(address, field=field), "/service-edge-keys/?q=a&sort=-uses", address)

    def test_anything_else_is_no_origin(self) -> None:
        for address in (
            "",
            "https://elsewhere.example/service-edge-keys/",
            "https://testserver@elsewhere.example/service-edge-keys/",
            "http://testserver/service-edge-keys/",  # less safe than this request
            "//elsewhere.example/service-edge-keys/",
            "///elsewhere.example/service-edge-keys/",
            "/\\elsewhere.example/service-edge-keys/",
            "javascript:alert(1)",
            "https://[/service-edge-keys/",
            "/service-edge-keys/\x00",
            "/service-edge-keys/1/delete/",  # a page, but not one to return to
            "/accounts/logout/",
            "/nowhere/",
            "service-edge-keys/",
            f"/service-edge-keys/?q={'x' * 4000}",
        ):
            for field in (True, False):
                if not field and "\x00" in address:
                    continue
                with self.subTest(address=address[:60], field=field):
                    self.assertEqual(self.origin(address, field=field), "")

    def test_the_field_wins_over_the_header(self) -> None:
        headers = {"Referer": "https://testserver/service-edge-keys/?q=header"}
        request = RequestFactory().post("/here/", {"next": "/service-edge-keys/?q=field"}, headers=headers, secure=True)
        self.assertEqual(returning.origin(request, PAGES), "/service-edge-keys/?q=field")

    def test_below_a_prefix(self) -> None:
        with override_script_prefix("/portal/"):
            self.assertEqual(returning.page_of("/portal/service-edge-keys/"), "keys:key-list")
            self.assertEqual(returning.page_of("/service-edge-keys/"), "")
