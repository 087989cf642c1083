"""While the database cannot serve, every URL answers 503 with Retry-After, and no answer reports success."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection
from django.urls import URLPattern, URLResolver, get_resolver

from enrollment.models import ServiceEdge
from portal import database, health
from portal.models import AuditEvent, UserPreferences
from portal.unavailable import RETRY_AFTER
from tests.base import CommittedTestCase
from tests.factories import make_csr, make_key
from tests.support import database_conditions

PASSWORD = "a long password for the tests"
MACHINES = ("/enrollment/", "/.well-known/est/", "/pki/")
# They say it in their own words, or ask the database nothing.
NO_PAGES = ("/healthz", "/readyz", "/metrics", "/admin/login/", "/downloads/x")


def written(pattern: Any) -> str:
    """A route with values for its arguments."""
    route = re.sub(r"<(int|path):\w+>", "1", str(pattern))
    route = re.sub(r"<[^>]+>", "x", route)
    return re.sub(r"\(\?P<\w+>([^)|]*?)(\.\*)?(\|[^)]*)?\)|[\^$]|\\Z", r"\1", route)


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    """Every URL of the URLconf, so that new ones are tested too."""
    for pattern in patterns:
        route = prefix + written(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


class UnavailableTests(CommittedTestCase):
    def setUp(self) -> None:
        self.key, self.text = make_key("London", max_uses=9)
        self.sign_in("sue")
        # What answers is asked, not what a test client would rather raise.
        self.client.raise_request_exception = False
        self.addresses = sorted(set(addresses(get_resolver().url_patterns)))
        health.last = health.Answer()
        self.addCleanup(setattr, health, "last", health.Answer())

    def answers(self, *methods: str) -> Iterator[tuple[str, Any]]:
        for path in self.addresses:
            for method in methods:
                yield path, getattr(self.client, method)(path)

    @staticmethod
    def faults(path: str, response: Any) -> Iterator[str]:
        status, said = response.status_code, f"{response.request['REQUEST_METHOD']} {path}: {response.status_code}"
        if status >= 500 and status != 503:
            yield said
        if response.streaming:
            yield f"{said} streams: what fails while it does can no longer become a 503"
        if status == 503 and "Retry-After" not in response:
            yield f"{said} without Retry-After"
        is_page = response.get("Content-Type", "").startswith("text/html")
        if status == 503 and is_page == path.startswith((*MACHINES, "/readyz")):
            yield f"{said} as {response['Content-Type']}"

    def test_no_address_has_another_answer_than_503_while_the_database_is_away(self) -> None:
        self.assertGreater(len(self.addresses), 80)
        # The first statement of each request fails, so that both methods meet the second condition alike.
        methods = ("get", "post")
        for name, condition in database_conditions.away().items():
            with self.subTest(name), condition(), self.assertLogs(level="ERROR"):
                found = list(self.answers(*methods))
                self.assertEqual([fault for path, response in found for fault in self.faults(path, response)], [])
                pages = [(path, each) for path, each in found if not path.startswith((*MACHINES, *NO_PAGES))]
                self.assertEqual([(path, each.status_code) for path, each in pages if each.status_code != 503], [])
            methods = ("post",)

    def test_no_address_fails_otherwise_while_the_database_is_locked_full_or_read_only(self) -> None:
        # What only reads is asked once: it answers alike in all of them.
        methods = ("get", "post")
        for name, condition in database_conditions.half().items():
            with self.subTest(name), condition():
                found = self.answers(*methods)
                self.assertEqual([fault for path, response in found for fault in self.faults(path, response)], [])
            methods = ("post",)

    def test_the_answer_says_what_to_do_and_one_line_is_logged(self) -> None:
        condition = next(iter(database_conditions.away().values()))
        with condition(), self.assertLogs(level="ERROR") as logs:
            response = self.client.get("/service-edge-keys/", headers={"X-Request-Id": "x"})
        self.assertEqual(response["Retry-After"], str(RETRY_AFTER))
        self.assertContains(response, "Error 503", status_code=503)
        self.assertContains(response, "css/base.css", status_code=503)
        self.assertIn("frame-ancestors", response["Content-Security-Policy"])
        self.assertEqual([(record.name, record.exc_info) for record in logs.records], [("portal.unavailable", None)])

    def test_programs_get_a_problem_document(self) -> None:
        condition = next(iter(database_conditions.away().values()))
        with condition(), self.assertLogs(level="ERROR"):
            response = self.client.get("/service-edge-keys/", headers={"Accept": "application/json"})
        self.assertEqual(response["Content-Type"], "application/problem+json")
        self.assertEqual((response.json()["code"], response["Retry-After"]), ("busy", str(RETRY_AFTER)))

    def test_machines_are_answered_in_their_own_words(self) -> None:
        condition = next(iter(database_conditions.away().values()))
        with condition(), self.assertLogs(level="ERROR"):
            body = {"provisioning_key": self.text, "csr": make_csr()}
            enrolled = self.client.post("/enrollment/v1/enroll", body, content_type="application/json")
            revoked = self.client.get("/pki/1.crl")
            certificates = self.client.get("/.well-known/est/cacerts")
        self.assertEqual(enrolled["Content-Type"], "application/problem+json")
        for response in (revoked, certificates):
            self.assertRegex(response.content.decode(), r"\Abusy: .+\n\Z")
        for response in (enrolled, revoked, certificates):
            self.assertEqual((response.status_code, response["Retry-After"]), (503, str(RETRY_AFTER)))
        self.assertFalse(ServiceEdge.objects.exists())


class NothingClaimsSuccessTests(CommittedTestCase):
    """Each of these writes. Some fail in the view, others after it when the session is stored."""

    def setUp(self) -> None:
        self.client.raise_request_exception = False
        get_user_model().objects.create_superuser("root", password=PASSWORD)

    def unwritable(self) -> Iterator[str]:
        for name, condition in database_conditions.half().items():
            # A full file may have room for one row more.
            if name != "full":
                with self.subTest(name), condition(), self.assertLogs(level="ERROR"):
                    yield name

    def assert_unavailable(self, response: Any) -> None:
        self.assertEqual((response.status_code, response.get("Retry-After")), (503, str(RETRY_AFTER)))

    def test_signing_in(self) -> None:
        for _ in self.unwritable():
            response = self.client.post("/accounts/login/", {"username": "root", "password": PASSWORD})
            self.assert_unavailable(response)
            self.assertNotIn("session", "".join(response.cookies))
        self.assertFalse(AuditEvent.objects.filter(action="user.signed_in").exists())

    def test_signing_out(self) -> None:
        self.client.force_login(get_user_model().objects.get())
        for _ in self.unwritable():
            self.assert_unavailable(self.client.post("/accounts/logout/"))
        # Who was not signed out still is signed in.
        self.assertEqual(self.client.get("/preferences/").status_code, 200)
        self.assertFalse(AuditEvent.objects.filter(action="user.signed_out").exists())

    def test_preferences(self) -> None:
        self.client.force_login(get_user_model().objects.get())
        for _ in self.unwritable():
            response = self.client.post("/preferences/", {"theme": "dark", "density": "compact"})
            self.assert_unavailable(response)
            # Where only the session cannot be stored, the preferences are.
            self.assertEqual(settings.PREFERENCES_COOKIE_NAME in response.cookies, UserPreferences.objects.exists())

    def test_a_session_that_cannot_be_stored_after_the_view(self) -> None:
        """A key in a search leads to a redirect with a message, which is stored in the session."""
        _, text = make_key("London")
        self.client.force_login(get_user_model().objects.get())
        for _ in self.unwritable():
            self.assert_unavailable(self.client.get("/service-edge-keys/", {"q": text}))


class ConditionTests(CommittedTestCase):
    """Errors that come from the state of the database, and errors that are faults of the portal."""

    def error_of(self, statement: str) -> DatabaseError:
        with self.assertRaises(DatabaseError) as caught, connection.cursor() as cursor:
            cursor.execute(statement)
        return caught.exception

    def test_a_broken_schema_is_a_fault(self) -> None:
        self.assertFalse(database.is_unavailable(self.error_of("SELECT nothing FROM nowhere")))
        self.assertFalse(database.is_unavailable(self.error_of("SELECT FROM WHERE")))

    def test_a_refused_row_is_a_fault(self) -> None:
        insert = "INSERT INTO portal_signinlock (subject, failures, first_failure_at) VALUES (NULL, 0, '2027-01-01')"
        self.assertFalse(database.is_unavailable(self.error_of(insert)))

    def test_what_hides_a_condition_is_looked_through(self) -> None:
        condition = next(iter(database_conditions.away().values()))
        with condition(), self.assertRaises(DatabaseError) as caught, connection.cursor():
            pass
        hidden = ValueError("could not be read")
        hidden.__context__ = caught.exception
        self.assertTrue(database.is_unavailable(hidden))
        self.assertFalse(database.is_unavailable(ValueError("could not be read")))

    def test_every_state_of_postgresql_is_known(self) -> None:
        if connection.vendor != "postgresql":
            return
        states = {
            "53100": True, "53300": True, "57014": True, "57P01": True, "55P03": True, "25006": True, "25P03": True,
            "58030": True, "40P01": True, "08006": True, "XX001": True, "23505": False, "42P01": False, "22001": False,
            "25P02": False, "P0001": False,
        }  # fmt: skip
        for state, expected in states.items():
            with self.subTest(state):
                error = self.error_of(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")
                self.assertEqual(database.is_unavailable(error), expected)
