"""Across modules: every refusal over EST has its status, one short line of text, no cost, and the event of JSON.

Codes come from all operations of enrollment.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

from django.db import OperationalError

from enrollment import operations
from enrollment.endpoints import rate_limit
from enrollment.endpoints.est import answers
from enrollment.errors import BEFORE_PROOF, REFUSALS, Refused
from enrollment.models import IssuedCertificate
from keys.crypto import tokens
from keys.models import ProvisioningKey, SigningCertificate
from portal.models import AuditEvent, AuditTally
from tests.enrollment.base import make_issuer, now
from tests.enrollment.csr_examples import all_examples
from tests.enrollment.endpoints.est.base import EST, SIMPLEENROLL, EstTestCase, basic, body_of
from tests.enrollment.flawed_csrs import der_of, flawed_csrs
from tests.factories import make_csr, make_key

DOMAIN = "api.private.example.com"
STATUSES = {
    "malformed_request": 400, "malformed_key": 401, "wrong_cloud": 401, "invalid_provisioning_key": 401,
    "key_disabled": 403, "key_expired": 403, "group_disabled": 403, "network_not_allowed": 403, "key_exhausted": 403,
    "public_key_in_use": 409, "enrollment_conflict": 409, "length_required": 411, "too_large": 413,
    "unsupported_media_type": 415, "csr_malformed": 422, "csr_signature_invalid": 422, "csr_key_rejected": 422,
    "csr_extension_not_allowed": 422, "rate_limited": 429, "busy": 503, "signer_unavailable": 503,
    "issuer_unavailable": 503,
    "trust_anchor_mismatch": 409,
    "unknown_certificate": 401, "certificate_revoked": 403, "certificate_expired": 403, "edge_disabled": 403,
    "certificate_superseded": 409, "renewal_not_due": 409,
}  # fmt: skip


class StatusTests(EstTestCase):
    def test_every_code_has_its_status_and_a_line_of_text(self) -> None:
        # EST requests have no signed time.
        self.assertEqual(set(STATUSES), REFUSALS.keys() - {"clock_differs"})
        for code, status in STATUSES.items():
            response = answers.refusal(Refused(code), 5 if status in {429, 503} else None)
            self.assert_says(response, status, code)

    def test_no_text_tells_est_clients_to_speak_json(self) -> None:
        for code in STATUSES:
            words = answers.refusal(Refused(code)).content.decode().lower()
            self.assertNotRegex(words, "json|member|renew_after|sign with")


class RefusalTests(EstTestCase):
    def assert_refused(self, code: str, text: str, body: Any = None, **extra: Any) -> Any:  # type: ignore[override]
        """Refused at no cost, and recorded with the key after the secret was verified, otherwise without it."""
        # As if each came in another minute, because the log bounds the rows of one minute.
        AuditTally.objects.all().delete()
        before, count = self.books(), AuditEvent.objects.count()
        response = self.est(text, body, **extra)
        self.assert_says(response, STATUSES[code], code)
        self.assertEqual(self.books(), before)
        for event in AuditEvent.objects.order_by("id")[count:]:
            self.assertEqual((event.action, event.reason), ("edge.refused", code))
            known = {} if code in BEFORE_PROOF else {"key_public_id": self.key.public_id}
            self.assertEqual({**event.detail, **known}, event.detail)
            self.assertLessEqual(set(event.detail), {*known, "spki_sha256", "fault"} if known else set())
        if code not in BEFORE_PROOF:
            self.assertEqual(AuditEvent.objects.count(), count + 1)
        return response

    def change(self, **values: object) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(**values)

    def test_a_request_without_credentials_is_challenged(self) -> None:
        for header in (None, "", "Basic", "Basic ", "Bearer abc", "Digest username=x"):
            with self.subTest(header):
                response = self.est("", HTTP_AUTHORIZATION=header)
                self.assert_says(response, 401, "credentials_required")
                self.assertIn("Basic realm=", response["WWW-Authenticate"])

    def test_a_challenge_is_neither_counted_nor_recorded(self) -> None:
        """A client that waits for the 401 can enroll as often as one that does not."""
        known = AuditEvent.objects.count()
        for _ in range(30):
            self.est("", "", HTTP_AUTHORIZATION=None)
        self.assertEqual((AuditEvent.objects.count(), len(rate_limit.unproved._windows)), (known, 0))

    def test_a_malformed_key_is_401_here(self) -> None:
        for text in ("", "x", self.text[:-9] + "AAAAAAA==", self.text.replace("|", ""), self.text + "\0", "\u0661" * 9):
            with self.subTest(text):
                self.assert_refused("malformed_key", text)
        for header in ("Basic %%%", "Basic " + base64.b64encode(b"\xff:\xff").decode(), "Basic YWJj"):
            with self.subTest(header):
                self.assert_refused("malformed_key", "", HTTP_AUTHORIZATION=header)

    def test_b04_a_huge_key_is_malformed(self) -> None:
        self.assert_refused("malformed_key", "A" * 1_000_000)

    def test_b06_a_key_of_another_cloud_is_401(self) -> None:
        token = tokens.read(self.text, {DOMAIN})
        elsewhere = tokens.Token("api.elsewhere.example", token.public_id, token.secret, token.pin).text
        self.assert_refused("wrong_cloud", elsewhere)

    def test_a_wrong_secret_is_401(self) -> None:
        token = tokens.read(self.text, {DOMAIN})
        self.assert_refused(
            "invalid_provisioning_key", tokens.Token(token.domain, token.public_id, bytes(32), token.pin).text
        )

    def test_what_the_keys_state_forbids_is_403(self) -> None:
        states: dict[str, Callable[[], Any]] = {
            "key_exhausted": lambda: self.change(uses=5),
            "key_expired": lambda: self.change(expires_at=now() - timedelta(seconds=1)),
            "network_not_allowed": lambda: self.change(allowed_networks=["198.51.100.0/24"]),
            "group_disabled": lambda: type(self.key.group).objects.update(enabled=False),
            "key_disabled": lambda: self.change(enabled=False),
        }
        for code, make_it_so in states.items():
            with self.subTest(code):
                make_it_so()
                self.assert_refused(code, self.text)

    def test_a08_a_key_pair_of_another_key_is_409(self) -> None:
        _, other = make_key()
        csr = make_csr()
        self.est(other, body_of(csr))
        self.assert_refused("public_key_in_use", self.text, body_of(csr))

    def test_a05_c14_a_revoked_edges_key_pair_is_409(self) -> None:
        csr = make_csr()
        self.est(self.text, body_of(csr))
        IssuedCertificate.objects.update(revoked_at=now(), revocation_reason="unspecified")
        self.assert_refused("enrollment_conflict", self.text, body_of(csr))

    def test_h02_a_chunked_body_is_411(self) -> None:
        self.assert_refused("length_required", self.text, HTTP_TRANSFER_ENCODING="chunked")
        self.assert_refused("length_required", self.text, CONTENT_LENGTH="")

    def test_a_body_beyond_16_kib_is_413_before_it_is_read(self) -> None:
        class Unread:
            def read(self, *_: int) -> bytes:
                raise AssertionError("the body was read")

            readline = read

        self.assert_refused("too_large", self.text, "x" * 16_385)
        unread = {"wsgi.input": Unread(), "CONTENT_LENGTH": "16385"}
        self.assert_refused("too_large", self.text, "x", **unread)
        self.assert_refused("csr_malformed", self.text, "x" * 16_384)

    def test_another_media_type_is_415(self) -> None:
        for media_type in (
            "application/x-www-form-urlencoded",
            "application/pkcs10x",
            "application/json",
            "",
            "text/plain",
        ):
            with self.subTest(media_type):
                self.assert_refused("unsupported_media_type", self.text, content_type=media_type)

    def test_c01_to_c11_a_bad_csr_is_422(self) -> None:
        for case, code, pem in flawed_csrs():
            with self.subTest(case):
                # The name of C-09 alone is longer than a request may be.
                self.assert_refused("too_large" if len(pem) > 16_384 else code, self.text, pem)

    def test_c10_c11_what_is_not_one_base64_or_pem_csr_is_422(self) -> None:
        line = body_of(make_csr())
        between = "\n-----END CERTIFICATE REQUEST-----\n-----BEGIN CERTIFICATE REQUEST-----\n"
        bodies = {
            "white space": " \n",
            "UTF-16": make_csr().encode("utf-16"),
            "two": line + between + line,
            "two with padding": f"{line}\n{line}",
            "cut": line[:-8],
            "URL-safe alphabet": base64.urlsafe_b64encode(b"\xff" * 60),
            "hex": der_of(make_csr()).hex(),
            "NUL": line + "\0",
            "not text": b"\xff\xfe\xfd",
            "a certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "text before": "hello\n" + line,
            "base64 twice": base64.b64encode(line.encode()),
        }
        for name, body in bodies.items():
            with self.subTest(name):
                self.assert_refused("csr_malformed", self.text, body)

    def test_raw_der_a_byte_order_mark_and_text_around_pem_are_read(self) -> None:
        for body in (der_of(make_csr()), "\ufeff" + make_csr(), "\ufeff" + body_of(make_csr()), "hello\n" + make_csr()):
            self.assert_admitted(self.est(self.text, body))

    def test_what_is_wrong_inside_is_said_as_at_the_other_door(self) -> None:
        odd = {each.name: each.text for each in all_examples()}
        for name in (
            "a version of 2",
            "truncated",
            "SHA-1",
            "a compressed point",
            "asks for CA:TRUE",
            "an empty block",
        ):
            with self.subTest(name):
                document = self.post(self.text, odd[name]).json()
                said = self.est(self.text, odd[name]).content.decode()
                self.assertEqual(said, f"{document['code']}: {document['detail']}\n")

    def test_a_key_is_judged_before_its_csr(self) -> None:
        self.assert_refused("malformed_key", "x", "not a request")
        self.change(uses=5)
        self.assert_refused("key_exhausted", self.text, "not a request")

    def test_h05_too_many_bad_keys_are_429_and_a_valid_one_still_passes(self) -> None:
        for _ in range(rate_limit.unproved.limit - 1):
            rate_limit.unproved.count("127.0.0.0/24")
        self.assert_refused("malformed_key", "x")
        response = self.assert_refused("rate_limited", "x")
        self.assertTrue(1 <= int(response["Retry-After"]) <= 60)
        self.assert_problem(self.post("not a key"), "rate_limited")
        self.assert_admitted(self.est(self.text))

    def test_an_issuer_that_may_not_sign_is_503(self) -> None:
        self.key, text = make_key(signing_certificate=make_issuer())
        SigningCertificate.objects.filter(name="Own").update(enabled=False)
        self.assertEqual(self.assert_refused("issuer_unavailable", text)["Retry-After"], "300")

    def test_an_empty_body_is_no_csr(self) -> None:
        self.assert_refused("csr_malformed", self.text, "", CONTENT_LENGTH="0", CONTENT_TYPE="application/pkcs10")

    def test_a_database_that_is_away_is_503(self) -> None:
        with mock.patch.object(operations, "enroll", side_effect=OperationalError("away")):
            self.assert_says(self.est(self.text), 503, "busy")
        with mock.patch.object(SigningCertificate, "objects") as objects:
            objects.filter.side_effect = OperationalError("away")
            self.assert_says(self.client.get(f"{EST}/cacerts"), 503, "busy")

    def test_other_methods_are_405(self) -> None:
        for name, allowed in (
            ("simpleenroll", "POST"),
            ("simplereenroll", "POST"),
            ("cacerts", "GET, HEAD"),
            ("csrattrs", "GET, HEAD"),
        ):
            for method in {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST"} - set(allowed.split(", ")):
                with self.subTest(f"{method} {name}"):
                    response = self.client.generic(method, f"{EST}/{name}", HTTP_AUTHORIZATION=basic(self.text))
                    self.assertEqual((response.status_code, response["Allow"]), (405, allowed))
                    self.assert_lean(response)

    def test_an_unknown_label_is_404_whatever_it_is(self) -> None:
        for label in ("999999", "0", "-1", "x", "1.0", "\u0661", "9" * 18, "9" * 400, "%00", "Service%20Edge"):
            for name in ("cacerts", "csrattrs"):
                response = self.client.get(f"{EST}/{label}/{name}")
                self.assert_says(response, 404, "unknown_label")
                self.assert_lean(response)
            response = self.est(self.text, address=f"{EST}/{label}/simpleenroll")
            self.assert_says(response, 404, "unknown_label")
        self.assertEqual(self.uses(self.key), 0)

    def test_an_unknown_operation_is_404_in_text(self) -> None:
        for address in ("fullcmc", "serverkeygen", "1/2/cacerts", "serverkeygen/", "1//2/cacerts/"):
            response = self.client.get(f"{EST}/{address}")
            self.assert_says(response, 404, "unknown_operation")
            self.assert_lean(response)

    def test_an_address_beside_est_keeps_the_portals_headers(self) -> None:
        """The short list of headers is for EST only."""
        self.assertIn("Content-Security-Policy", self.client.get("/.well-known/security.txt"))
        self.assertNotIn("Content-Security-Policy", self.client.get(f"{SIMPLEENROLL}"))
