"""Error pages keep menu, name and *Sign out* for signed-in users, and need no database after an error of the server."""

from __future__ import annotations

from unittest import mock

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from portal.error_pages import render_error
from tests.base import PortalTestCase
from tests.support.html import parsed, texts, words


class ErrorPageTest(PortalTestCase):
    def setUp(self) -> None:
        self.client.raise_request_exception = False

    def assert_has_the_frame(self, page: HttpResponse) -> None:
        found = parsed(page)
        self.assertTrue(found.select("nav[aria-label=Main] a"))
        self.assertTrue(found.select('#user-menu form[action="/accounts/logout/"] button:not([formaction])'))
        self.assertEqual(len(found.select("h1")), 1)

    def test_a_signed_in_user_keeps_the_frame(self) -> None:
        self.sign_in("vic")
        for path, status, onward in (
            ("/nowhere/", 404, "Service Edge Keys"),
            ("/service-edge-keys/999/", 404, "Service Edge Keys"),
            ("/service-edges/add/choose-key/", 403, "Service Edges"),
            ("/service-edge-groups/add/", 403, "Service Edge Groups"),
        ):
            with self.subTest(path):
                page = self.client.get(path)
                self.assertEqual(page.status_code, status)
                self.assert_has_the_frame(page)
                self.assertEqual(texts(page, ".user-name"), ["vic"])
                self.assertEqual(texts(page, ".error-page .button"), [onward])

    def test_a_visitor_gets_the_plain_page_and_costs_no_query(self) -> None:
        with self.assertNumQueries(0):
            page = self.client.get("/nowhere/")
        self.assertEqual((page.status_code, parsed(page).select("nav")), (404, []))

    def test_after_an_error_of_the_server_nothing_is_asked(self) -> None:
        self.sign_in("vic")
        asked_before = []

        def fail(*_: object) -> None:
            asked_before.append(len(queries))
            raise ValueError

        with (
            mock.patch("keys.pages.key_list.page_with_rows", side_effect=fail),
            CaptureQueriesContext(connection) as queries,
            self.assertLogs("django.request", "ERROR"),
        ):
            page = self.client.get("/service-edge-keys/")
        self.assertEqual(page.status_code, 500)
        self.assert_has_the_frame(page)
        self.assertEqual(asked_before, [len(queries)])

    def test_what_the_request_has_not_read_is_not_read_for_an_error_page(self) -> None:
        self.assertTrue(parsed(render_error(self.of_a_session(), 404)).select("nav"))
        self.assertEqual(parsed(render_error(self.of_a_session(), 500)).select("nav"), [])

    def test_a_database_that_fails_leaves_the_plain_page(self) -> None:
        request = self.of_a_session()

        def fail(*_: object) -> None:
            raise DatabaseError

        with connection.execute_wrapper(fail):
            page = render_error(request, 404)
        self.assertEqual((page.status_code, parsed(page).select("nav")), (404, []))

    def of_a_session(self) -> HttpRequest:
        """A request of a signed-in user who was not loaded."""
        self.sign_in("vic")
        request = RequestFactory().get("/nowhere/")
        request.COOKIES = {name: morsel.value for name, morsel in self.client.cookies.items()}
        SessionMiddleware(lambda _: HttpResponse()).process_request(request)
        AuthenticationMiddleware(lambda _: HttpResponse()).process_request(request)
        return request

    def test_a_user_without_a_role_learns_whom_to_ask_and_can_sign_out(self) -> None:
        for name in ("ada", "sue", "olga"):
            self.sign_in(name)
        self.sign_in("nora")
        page = self.client.get("/service-edge-keys/")
        self.assertEqual(page.status_code, 403)
        self.assertEqual(texts(page, "h1"), ["You have no role"])
        self.assertIn("ada, sue", words(parsed(page).select_one(".lead")))
        self.assertNotIn("olga", words(parsed(page).select_one(".lead")))
        self.assertEqual(texts(page, "main form button"), ["Sign out"])
        self.assertEqual(self.client.post("/accounts/logout/").status_code, 302)
