"""Across modules: POST /.well-known/est/simpleenroll, the operation of the JSON endpoint over EST (RFC 7030 §4.2).

See test_cacerts.py.
"""

from __future__ import annotations

import base64
import json
import logging
import subprocess
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import taking_a_use
from keys.crypto import tokens
from keys.models import ProvisioningKey
from keys.operations import delete_key
from portal.logs import JsonFormatter
from tests.enrollment.base import make_issuer
from tests.enrollment.endpoints.est.base import EST, SIMPLEENROLL, EstTestCase, basic, body_of
from tests.enrollment.flawed_csrs import der_of
from tests.factories import ACTOR, make_csr, make_key, make_private_key
from tests.support.error_reports import error_reports


def public_bytes(key: Any) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class AnswerTests(EstTestCase):
    def test_a_new_edge_is_200_and_gets_its_certificate_and_nothing_else(self) -> None:
        """RFC 7030 §4.2.3: the response contains only the certificate that was issued."""
        key = make_private_key()
        certificate = self.assert_admitted(self.est(self.text, body_of(make_csr(key))))
        self.assertEqual(public_bytes(certificate.public_key()), public_bytes(key.public_key()))
        stored = IssuedCertificate.objects.get()
        self.assertEqual(certificate.public_bytes(Encoding.DER), bytes(stored.der))
        self.assertEqual((self.uses(self.key), ServiceEdge.objects.get().name), (1, "Edge-1"))

    def test_the_body_is_base64_without_line_breaks(self) -> None:
        """StrongSwan 5.9.8 cannot parse broken lines."""
        response = self.est(self.text)
        self.assertRegex(response.content.decode(), r"\A[A-Za-z0-9+/]+={0,2}\Z")

    def test_openssl_reads_it(self) -> None:
        der = base64.b64decode(self.est(self.text).content)
        command = ["openssl", "pkcs7", "-inform", "DER", "-print_certs", "-noout"]
        shown = subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode()
        self.assertIn("CN = Service Edge", shown)

    def test_a03_a_lost_answer_is_repeated_at_no_second_use(self) -> None:
        body = body_of(make_csr())
        first, again = self.est(self.text, body), self.est(self.text, body)
        self.assert_admitted(first)
        self.assert_admitted(again, replayed=True)
        self.assertEqual((first.content, self.uses(self.key)), (again.content, 1))

    def test_a04_also_when_that_was_the_last_use(self) -> None:
        _, text = make_key(max_uses=1)
        body = body_of(make_csr())
        first, again = self.est(text, body), self.est(text, body)
        self.assertEqual(first.content, again.content)
        self.assert_says(self.est(text), 403, "key_exhausted")

    def test_a_lost_answer_can_be_fetched_through_the_other_door(self) -> None:
        """One operation: the JSON endpoint repeats what EST issued, and the other way round."""
        csr, other = make_csr(), make_csr()
        certificate = self.assert_admitted(self.est(self.text, body_of(csr)))
        replay = self.post(self.text, csr)
        self.assertEqual(replay.status_code, 200)
        self.assertEqual(replay.json()["certificate"].encode(), certificate.public_bytes(Encoding.PEM))
        self.assertEqual(self.post(self.text, other).status_code, 201)
        self.assert_admitted(self.est(self.text, body_of(other)), replayed=True)
        self.assertEqual(self.uses(self.key), 2)

    def test_the_event_is_that_of_the_json_endpoint_with_the_answers_request_id(self) -> None:
        response = self.est(self.text)
        event = self.newest_event()
        self.assertEqual((event.action, event.interface, event.actor_kind), ("edge.enrolled", "enrollment", "edge"))
        self.assertEqual(event.request_id, response["X-Request-Id"])

    def test_no_session_and_no_csrf_token_are_needed_or_made(self) -> None:
        client = Client(enforce_csrf_checks=True)
        extra = {"content_type": "application/pkcs10", "HTTP_AUTHORIZATION": basic(self.text), "secure": True}
        self.assertEqual(client.generic("POST", SIMPLEENROLL, body_of(make_csr()), **extra).status_code, 200)

    def test_a_signed_in_browser_makes_no_difference(self) -> None:
        self.sign_in("vic")
        self.est(self.text)
        self.assertEqual(self.newest_event().actor_kind, "edge")

    def test_b10_a_label_does_not_choose_the_issuer(self) -> None:
        other = make_issuer()
        certificate = self.assert_admitted(self.est(self.text, address=f"{EST}/{other.pk}/simpleenroll"))
        self.assertEqual(certificate.issuer.rfc4514_string().partition(",")[0], "CN=Service Edge")


class RequestTests(EstTestCase):
    def test_base64_may_be_broken_into_lines_or_not_and_pem_is_taken(self) -> None:
        """RFC 8951 §3.1."""
        der = der_of(make_csr())
        mime = base64.encodebytes(der)
        forms = {
            "one line": base64.b64encode(der),
            "one line and a newline": base64.b64encode(der) + b"\n",
            "76 columns": mime,
            "CR LF": mime.replace(b"\n", b"\r\n"),
            "PEM": make_csr().encode(),
            "PEM with CR LF": make_csr().replace("\n", "\r\n").encode(),
            "PEM as openssl once wrote it": make_csr().replace("CERTIFICATE", "NEW CERTIFICATE").encode(),
        }
        ProvisioningKey.objects.filter(pk=self.key.pk).update(max_uses=50)
        for name, body in forms.items():
            with self.subTest(name):
                self.assertEqual(self.est(self.text, body).status_code, 200)

    def test_content_transfer_encoding_is_not_read(self) -> None:
        """RFC 8951 §3.1: servers must ignore it."""
        body = body_of(make_csr())
        for value in ("base64", "binary", "7bit", ""):
            with self.subTest(value):
                response = self.est(self.text, body, HTTP_CONTENT_TRANSFER_ENCODING=value)
                self.assertEqual(response.status_code, 200)

    def test_any_user_name_will_do(self) -> None:
        body = body_of(make_csr())
        for user in ("edge", "", "a b", "Zoë", "1|x|y"):
            with self.subTest(user):
                response = self.est(self.text, body, HTTP_AUTHORIZATION=basic(self.text, user))
                self.assertEqual(response.status_code, 200)

    def test_the_scheme_may_be_in_any_case(self) -> None:
        for scheme in ("basic", "BASIC"):
            header = basic(self.text).replace("Basic", scheme)
            self.assertEqual(self.est(self.text, HTTP_AUTHORIZATION=header).status_code, 200)

    def test_b01_a_key_wrapped_by_an_e_mail_is_taken(self) -> None:
        wrapped = f"\u201c{self.text[:40]}\r\n  {self.text[40:]}\u201d\n"
        self.assertEqual(self.est(wrapped).status_code, 200)

    def test_the_media_type_may_be_in_capitals_and_have_parameters(self) -> None:
        for media_type in ("Application/PKCS10", "application/pkcs10; charset=utf-8"):
            self.assertEqual(self.est(self.text, content_type=media_type).status_code, 200)

    def test_a_key_in_the_user_names_place_is_no_password(self) -> None:
        self.assert_says(self.est("", HTTP_AUTHORIZATION=basic("", self.text)), 401, "malformed_key")


class SecretsTests(EstTestCase):
    def assert_silent(self, *texts: str) -> None:
        for text in texts:
            for secret in (self.text, self.text[60:100], basic(self.text)[20:60]):
                self.assertNotIn(secret, text)

    def test_l03_nothing_secret_is_logged_whatever_happens(self) -> None:
        with self.assertLogs("django", "DEBUG") as logs, self.assertLogs("", "DEBUG") as own:
            logging.getLogger("portal").info("something")
            self.est(self.text)
            self.est(self.text, "not a request")
            self.est(self.text + "x")
            self.est(self.text, QUERY_STRING=self.text)
            self.client.get(f"{EST}/{self.text}/cacerts")
            self.fail_unforeseen(self.text)
        self.assertGreater(len(logs.records), 3)
        self.assert_silent(*(JsonFormatter().format(record) for record in logs.records + own.records))

    def test_l03_an_error_report_about_an_unforeseen_error_holds_no_key(self) -> None:
        with error_reports() as reports:
            response = self.fail_unforeseen("unforeseen")
        self.assertEqual((response.status_code, len(reports)), (500, 2))
        self.assertIn("unforeseen", reports[0])
        self.assert_silent(response.content.decode(), *reports)

    def fail_unforeseen(self, message: str) -> Any:
        self.client.raise_request_exception = False
        with mock.patch.object(taking_a_use, "record", side_effect=RuntimeError(message)):
            return self.est(self.text)

    def test_l05_a_key_in_the_query_string_is_refused(self) -> None:
        self.assert_says(self.est(self.text, QUERY_STRING=f"key={self.text}"), 400, "malformed_request")

    def test_no_answer_repeats_what_was_sent(self) -> None:
        for text in (self.text, self.text[:-9] + "AAAAAAA=="):
            response = self.est(text, "a name to look for")
            answer = response.content.decode() + json.dumps(dict(response.headers))
            for sent in (text, text[-20:], "a name to look for"):
                self.assertNotIn(sent, answer)

    def test_b07_unknown_wrong_and_deleted_keys_look_alike(self) -> None:
        deleted, text = make_key()
        delete_key(deleted, actor=ACTOR)
        token = tokens.read(self.text, {"api.private.example.com"})
        wrong = tokens.Token(token.domain, token.public_id, bytes(32), token.pin).text
        seen = []
        for key_text in (text, wrong, tokens.mint(token.domain, token.pin).text):
            response = self.est(key_text)
            self.assert_says(response, 401, "invalid_provisioning_key")
            headers = {name: value for name, value in response.items() if name != "X-Request-Id"}
            seen.append((response.content, headers))
        self.assertEqual([seen[0]] * 3, seen)
