"""`POST /enrollment/v1/enroll`: the answer, and how strictly the request is read."""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime
from typing import Any
from unittest import mock

from django.test import Client

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import taking_a_use
from portal.logs import JsonFormatter
from portal.models import AuditEvent
from tests.enrollment.base import ENROLL, EnrollmentTestCase
from tests.factories import make_csr
from tests.support.error_reports import error_reports


class AnswerTests(EnrollmentTestCase):
    def test_a_new_edge_is_201_with_the_documented_members(self) -> None:
        response = self.post(self.text)
        self.assertEqual(response.status_code, 201)
        self.assertEqual(response["Content-Type"], "application/json")
        self.assertEqual(response["Cache-Control"], "no-store")
        self.assertNotIn("Enrollment-Replay", response)
        answer = response.json()
        members = {"edge", "certificate", "chain", "trust_anchor", "not_after", "renew_after", "ignored_extensions"}
        self.assertEqual(set(answer), members)
        edge = ServiceEdge.objects.get()
        self.assertEqual(answer["edge"], {"id": str(edge.uuid), "name": "Edge-1", "group": edge.group.name})

    def test_times_are_utc_to_the_second(self) -> None:
        answer = self.post(self.text).json()
        certificate = IssuedCertificate.objects.get()
        for name in ("not_after", "renew_after"):
            self.assertRegex(answer[name], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
        self.assertEqual(datetime.fromisoformat(answer["not_after"]), certificate.not_after)

    def test_every_pem_is_one_block(self) -> None:
        answer = self.post(self.text).json()
        for pem in (answer["certificate"], answer["trust_anchor"], *answer["chain"]):
            self.assertRegex(pem, r"\A-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n\Z")

    def test_a03_a_replay_is_200_with_its_header_and_the_same_body(self) -> None:
        csr = make_csr()
        first, again = self.post(self.text, csr), self.post(self.text, csr)
        self.assertEqual((first.status_code, again.status_code), (201, 200))
        self.assertEqual(again["Enrollment-Replay"], "true")
        self.assertEqual(again["Cache-Control"], "no-store")
        self.assertEqual(first.content, again.content)

    def test_b01_a_key_wrapped_by_an_e_mail_is_taken(self) -> None:
        wrapped = "\r\n  ".join(re.findall(".{1,40}", self.text))
        self.assertEqual(self.post(f"\u201c{wrapped}\u201d\n").status_code, 201)

    def test_event_and_answer_carry_the_same_request_id(self) -> None:
        response = self.post(self.text)
        event = AuditEvent.objects.get(action="edge.enrolled")
        self.assertEqual(event.request_id, response["X-Request-Id"])

    def test_no_session_and_no_csrf_token_are_needed_or_made(self) -> None:
        client = Client(enforce_csrf_checks=True)
        body = json.dumps({"provisioning_key": self.text, "csr": make_csr()})
        response = client.post(ENROLL, body, content_type="application/json", secure=True)
        self.assertEqual(response.status_code, 201)
        self.assertFalse(response.cookies)

    def test_a_signed_in_browser_makes_no_difference(self) -> None:
        self.sign_in("vic")
        self.post(self.text)
        self.assertEqual(AuditEvent.objects.get(action="edge.enrolled").actor_kind, "edge")


class RequestTests(EnrollmentTestCase):
    def send(self, body: str | bytes, **extra: Any) -> Any:
        return self.client.generic("POST", ENROLL, body, **{"content_type": "application/json", **extra})

    def body(self, **members: Any) -> str:
        return json.dumps({"provisioning_key": self.text, "csr": make_csr(), **members})

    def assert_malformed(self, body: str | bytes, **extra: Any) -> None:
        before = self.books()
        self.assert_problem(self.send(body, **extra), "malformed_request")
        self.assertEqual(self.books(), before)

    def test_other_methods_are_405(self) -> None:
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"):
            with self.subTest(method):
                response = self.client.generic(method, ENROLL, self.body(), content_type="application/json")
                self.assertEqual((response.status_code, response["Allow"]), (405, "POST"))
                self.assertIn("no-store", response["Cache-Control"])

    def test_only_an_object_of_two_strings_is_a_request(self) -> None:
        bodies = [
            " ", "null", "true", "1", '"text"', "[]", "{}", "{", "}", "[[", "\x00", "nan",
            json.dumps({"provisioning_key": self.text}), json.dumps({"csr": make_csr()}),
            self.body(csr=None), self.body(csr=1), self.body(csr=["a"]), self.body(csr={}), self.body(csr=True),
            self.body(provisioning_key=None), self.body(provisioning_key=7),
        ]  # fmt: skip
        for body in bodies:
            with self.subTest(body[:40]):
                self.assert_malformed(body)

    def test_b10_nobody_chooses_group_issuer_or_edge(self) -> None:
        for member in (
            "group",
            "group_id",
            "tenant",
            "signing_certificate",
            "edge_id",
            "id",
            "name",
            "uses",
            "__proto__",
        ):
            with self.subTest(member):
                self.assert_malformed(self.body(**{member: "1"}))

    def test_members_that_stand_twice_are_refused(self) -> None:
        csr, key = json.dumps(make_csr()), json.dumps(self.text)
        self.assert_malformed(f'{{"provisioning_key": {key}, "csr": {csr}, "csr": {csr}}}')
        self.assert_malformed(f'{{"provisioning_key": "x", "provisioning_key": {key}, "csr": {csr}}}')
        self.assert_malformed(f'{{"provisioning_key": {key}, "c\\u0073r": "x", "csr": {csr}}}')

    def test_deep_nesting_and_huge_numbers_are_refused(self) -> None:
        for body in (
            "[" * 16_000,
            '{"a":' * 3_000,
            "[" * 8_000 + "]" * 8_000,
            "1" * 10_000,
            '{"a": ' + "9" * 9_000 + "}",
        ):
            with self.subTest(body[:5]):
                self.assert_malformed(body)

    def test_bytes_that_are_no_text_are_refused(self) -> None:
        for body in (b"\xff\xfe\xfd", b"\x80", b'{"csr": "\xc0\x80"}', b"\xed\xa0\x80"):
            with self.subTest(body):
                self.assert_malformed(body)

    def test_b04_lone_surrogates_and_nul_are_refused_as_what_they_spoil(self) -> None:
        for spoiled in ("\ud800", "\udfff\ud800", "\0"):
            self.assert_problem(self.send(self.body(provisioning_key=self.text + spoiled)), "malformed_key")
            self.assert_problem(self.send(self.body(csr=make_csr().replace("\n", spoiled))), "csr_malformed")

    def test_b04_a_megabyte_is_too_large_whatever_it_holds(self) -> None:
        for body in (self.body(provisioning_key="A" * 1_000_000), "|" * 100_000, "[" * 10_000_000):
            self.assert_problem(self.send(body), "too_large")

    def test_16_kib_are_read_and_one_byte_more_is_not(self) -> None:
        body = self.body()
        padded = body + " " * (16 * 1024 - len(body))
        self.assert_problem(self.send(padded + " "), "too_large")
        self.assertEqual(self.send(padded).status_code, 201)

    def test_a_length_that_is_no_number_is_refused(self) -> None:
        for length, code in (("", "length_required"), ("-1", "malformed_request"), ("1e3", "malformed_request")):
            self.assert_problem(self.send(self.body(), CONTENT_LENGTH=length), code)
        for length in ("+5", " 5", "0x10", "\u0661", "5.0"):
            self.assert_problem(self.send(self.body(), CONTENT_LENGTH=length), "malformed_request")
        self.assert_problem(self.send(self.body(), CONTENT_LENGTH="9" * 5_000), "too_large")

    def test_a_body_that_breaks_off_is_malformed_and_not_an_error(self) -> None:
        class Broken:
            def read(self, *_: int) -> bytes:
                raise ConnectionResetError("the peer is gone")

            readline = read

        self.assert_problem(self.send(self.body(), **{"wsgi.input": Broken()}), "malformed_request")

    def test_l05_a_query_string_or_authorization_is_refused(self) -> None:
        self.assert_malformed(self.body(), QUERY_STRING=f"provisioning_key={self.text}")
        self.assert_malformed(self.body(), QUERY_STRING="x")
        self.assert_malformed(self.body(), HTTP_AUTHORIZATION="Basic YTpi")
        self.assert_malformed(self.body(), HTTP_AUTHORIZATION="")

    def test_the_media_type_may_be_in_capitals_and_have_parameters(self) -> None:
        for media_type in ("Application/JSON", "application/json; charset=utf-8"):
            with self.subTest(media_type):
                self.assertEqual(self.send(self.body(), content_type=media_type).status_code, 201)

    def test_another_address_is_not_the_endpoint(self) -> None:
        for address in (f"{ENROLL}/", "/enrollment/v1/", "/enrollment/v2/enroll"):
            response = self.client.post(address, self.body(), content_type="application/json")
            self.assertIn(response.status_code, (302, 401, 404))


class SecretsTests(EnrollmentTestCase):
    def assert_silent(self, *texts: str) -> None:
        for text in texts:
            for secret in (self.text, self.text[60:100]):
                self.assertNotIn(secret, text)

    def test_l03_nothing_secret_is_logged_whatever_happens(self) -> None:
        with self.assertLogs("django", "DEBUG") as logs, self.assertLogs("", "DEBUG") as own:
            logging.getLogger("portal").info("something")
            self.post(self.text)
            self.post(self.text, "not a request")
            self.post(self.text + "x")
            self.client.post(ENROLL, self.text, content_type="application/json", QUERY_STRING=self.text)
            self.fail_unforeseen()
        self.assertGreater(len(logs.records), 3)
        self.assert_silent(*(JsonFormatter().format(record) for record in logs.records + own.records))

    def test_l03_an_error_report_about_an_unforeseen_error_holds_no_key(self) -> None:
        with error_reports() as reports:
            response = self.fail_unforeseen("unforeseen")
        self.assertEqual((response.status_code, len(reports)), (500, 2))
        self.assertIn("unforeseen", reports[0])
        self.assert_silent(response.content.decode(), *reports)

    def fail_unforeseen(self, message: str = "") -> Any:
        """An unexpected error, whose message holds the key unless another one is given."""
        self.client.raise_request_exception = False
        with mock.patch.object(taking_a_use, "record", side_effect=RuntimeError(message or self.text)):
            return self.post(self.text)
