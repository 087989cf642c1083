"""Across modules: every refusal over JSON has its status, problem document and headers, no echo, no cost.

Codes come from all operations of enrollment.
"""

from __future__ import annotations

import json
import tempfile
from datetime import timedelta
from typing import Any

from cryptography import x509
from django.test import override_settings

from enrollment.endpoints import rate_limit
from enrollment.errors import BEFORE_PROOF, REFUSALS, RENEWAL_REFUSALS
from enrollment.models import IssuedCertificate
from enrollment.operations import issuers
from keys.crypto import keyring, tokens
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import delete_key, edit_certificate, edit_group
from portal.models import AuditEvent
from tests.enrollment import raw_csr
from tests.enrollment.base import ENROLL, EnrollmentTestCase, make_issuer, now
from tests.enrollment.operations.test_taking_a_use import broken_insert
from tests.factories import ACTOR, make_csr, make_key, make_private_key

DOMAIN = "api.private.example.com"


class EveryRefusalTests(EnrollmentTestCase):
    """One test per code, named after it; the first of them notices a code without one."""

    def test_every_code_has_a_test_here(self) -> None:
        # Those of renewals and heartbeats are in test_renewing and test_heartbeats.
        self.assertEqual(
            [code for code in REFUSALS.keys() - RENEWAL_REFUSALS.keys() if not hasattr(self, f"test_{code}")], []
        )

    def assert_answer(self, code: str, text: str, csr: str | None = None, **extra: Any) -> Any:
        """The problem document of `code`. It repeats nothing of the request, and no use is taken."""
        before, known = self.books(), AuditEvent.objects.count()
        csr = make_csr(subject="a name to look for") if csr is None else csr
        response = self.post(text, csr, **extra)
        self.assert_problem(response, code)
        self.assertEqual(self.books(), before)
        answer = response.content.decode() + str(response.headers)
        for sent in (text, csr, "a name to look for", text[-20:], csr.strip()[40:80]):
            if sent.strip():
                self.assertNotIn(sent, answer)
        self.assert_remembered(code, AuditEvent.objects.order_by("id")[known:])
        return response

    def assert_remembered(self, code: str, events: Any) -> None:
        """Recorded with the key after the secret was verified; otherwise without it and at most once a minute."""
        for event in events:
            self.assertEqual(event.reason, code)
            known = {} if code in BEFORE_PROOF else {"key_public_id": self.key.public_id}
            self.assertEqual({**event.detail, **known}, event.detail)
            self.assertLessEqual(set(event.detail), {*known, "spki_sha256", "fault"} if known else set())
            self.assertEqual(bool(event.object_id), code not in BEFORE_PROOF)
        if code not in BEFORE_PROOF and code != "signer_unavailable":
            self.assertEqual(len(events), 1)

    def set(self, **values: object) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(**values)

    def token(self, **changes: bytes) -> str:
        token = tokens.read(self.text, {DOMAIN})
        parts = {"public_id": token.public_id, "secret": token.secret, "pin": token.pin, **changes}
        return tokens.Token(token.domain, **parts).text

    def test_malformed_request(self) -> None:
        self.assert_problem(self.client.post(ENROLL, "{}", content_type="application/json"), "malformed_request")

    def test_malformed_key(self) -> None:
        self.assert_answer("malformed_key", self.text[:-9] + "AAAAAAA==")

    def test_wrong_cloud(self) -> None:
        token = tokens.read(self.text, {DOMAIN})
        elsewhere = tokens.Token("api.elsewhere.example", token.public_id, token.secret, token.pin)
        response = self.assert_answer("wrong_cloud", elsewhere.text)
        self.assertNotIn("elsewhere", response.content.decode())

    def test_invalid_provisioning_key(self) -> None:
        self.assert_answer("invalid_provisioning_key", self.token(secret=bytes(32)))

    def test_key_disabled(self) -> None:
        self.set(enabled=False)
        self.assert_answer("key_disabled", self.text)

    def test_key_expired(self) -> None:
        self.set(expires_at=now() - timedelta(seconds=1))
        self.assert_answer("key_expired", self.text)

    def test_group_disabled(self) -> None:
        group = self.key.group
        group.enabled = False
        edit_group(group, fields=["enabled"], version=group.version, actor=ACTOR)
        self.assert_answer("group_disabled", self.text)

    def test_network_not_allowed(self) -> None:
        self.set(allowed_networks=["198.51.100.0/24"])
        self.assert_answer("network_not_allowed", self.text, REMOTE_ADDR="203.0.113.9")

    def test_key_exhausted(self) -> None:
        self.set(uses=5)
        self.assert_answer("key_exhausted", self.text)

    def test_public_key_in_use(self) -> None:
        _, other = make_key()
        self.enroll(other, csr := make_csr())
        self.assert_answer("public_key_in_use", self.text, csr)

    def test_enrollment_conflict(self) -> None:
        self.enroll(self.text, csr := make_csr())
        IssuedCertificate.objects.update(revoked_at=now(), revocation_reason="unspecified")
        self.assert_answer("enrollment_conflict", self.text, csr)

    def test_length_required(self) -> None:
        self.assert_answer("length_required", self.text, HTTP_TRANSFER_ENCODING="chunked")

    def test_too_large(self) -> None:
        self.assert_answer("too_large", self.text, "x" * 20_000)

    def test_unsupported_media_type(self) -> None:
        for media_type in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "",
            "multipart/form-data",
        ):
            response = self.client.generic("POST", ENROLL, "{}", content_type=media_type)
            self.assert_problem(response, "unsupported_media_type")

    def test_csr_malformed(self) -> None:
        self.assert_answer("csr_malformed", self.text, "-----BEGIN SOMETHING-----")

    def test_csr_signature_invalid(self) -> None:
        info = raw_csr.info(raw_csr.spki(make_private_key().public_key()))
        self.assert_answer("csr_signature_invalid", self.text, raw_csr.pem(raw_csr.sign(info, make_private_key())))

    def test_csr_key_rejected(self) -> None:
        weak = raw_csr.RawRSA((3 << 510) + 761, (7 << 509) + 15)
        self.assert_answer("csr_key_rejected", self.text, raw_csr.request(weak))

    def test_csr_extension_not_allowed(self) -> None:
        wanted = x509.BasicConstraints(ca=True, path_length=7)
        response = self.assert_answer("csr_extension_not_allowed", self.text, make_csr(extensions=[(wanted, False)]))
        self.assertIn("basicConstraints CA:TRUE", response.json()["detail"])

    def test_rate_limited(self) -> None:
        """At most 600 a minute from one network. docs/security.md promises the number."""
        answers = {self.client.post(ENROLL, "{}", content_type="application/json").status_code for _ in range(600)}
        self.assertEqual(answers, {400})
        response = self.assert_answer("rate_limited", self.token(secret=bytes(32)))
        self.assertTrue(1 <= int(response["Retry-After"]) <= 60)

    def test_busy(self) -> None:
        before = self.books()
        with broken_insert("enrollment_issuedcertificate"):
            self.assert_problem(self.post(self.text), "busy")
        self.assertEqual(self.books(), before)

    def test_signer_unavailable(self) -> None:
        issuers.forget_all()
        SigningCertificate.objects.filter(pk=self.key.signing_certificate_id).update(sealed_private_key=b"broken")
        self.assert_answer("signer_unavailable", self.text)

    def test_signer_unavailable_without_the_keyring(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as another:
            another.write(keyring.generate("another"))
            another.flush()
            for path in (another.name, "/nonexistent/keyring.json"):
                with override_settings(KEYRING_FILE=path):
                    self.assert_answer("signer_unavailable", self.text)

    def test_trust_anchor_mismatch(self) -> None:
        before, known = self.books(), AuditEvent.objects.count()
        body = {"provisioning_key": self.text, "csr": make_csr(), "trust_anchor_sha256": "0" * 64}
        response = self.client.post(ENROLL, json.dumps(body), content_type="application/json")
        self.assert_problem(response, "trust_anchor_mismatch")
        self.assertEqual(self.books(), before)
        self.assert_remembered("trust_anchor_mismatch", AuditEvent.objects.order_by("id")[known:])

    def test_issuer_unavailable(self) -> None:
        issuer = make_issuer()
        self.key, text = make_key(signing_certificate=issuer)
        issuer.enabled = False
        edit_certificate(issuer, fields=["enabled"], version=issuer.version, actor=ACTOR)
        self.assert_answer("issuer_unavailable", text)


class IndistinguishableTests(EnrollmentTestCase):
    def test_b07_unknown_wrong_and_deleted_keys_get_the_same_bytes(self) -> None:
        token = tokens.read(self.text, {DOMAIN})
        deleted, deleted_text = make_key()
        delete_key(deleted, actor=ACTOR)
        texts = {
            "unknown": tokens.mint(DOMAIN, token.pin).text,
            "wrong": tokens.Token(DOMAIN, token.public_id, bytes(32), token.pin).text,
            "deleted": deleted_text,
        }
        answers = {name: self.answer(text) for name, text in texts.items()}
        self.assertEqual(answers["unknown"], answers["wrong"])
        self.assertEqual(answers["unknown"], answers["deleted"])
        self.assertEqual(answers["unknown"][0], 401)

    def test_b07_they_cost_the_same_queries(self) -> None:
        token = tokens.read(self.text, {DOMAIN})
        wrong = tokens.Token(DOMAIN, token.public_id, bytes(32), token.pin).text
        self.answer(wrong)
        for text in (wrong, tokens.mint(DOMAIN, token.pin).text):
            with self.assertNumQueries(1):
                self.answer(text)

    def answer(self, text: str) -> tuple[int, bytes, dict[str, str]]:
        response = self.post(text)
        headers = {name: value for name, value in response.headers.items() if name not in {"X-Request-Id", "Date"}}
        document = json.loads(response.content)
        self.assertEqual(document.pop("request_id"), response["X-Request-Id"])
        return response.status_code, response.content.replace(response["X-Request-Id"].encode(), b"-"), headers


class SampledTests(EnrollmentTestCase):
    def test_refusals_before_proof_fill_no_table(self) -> None:
        """One row per minute, code and network, however many unauthenticated requests come."""
        known = AuditEvent.objects.count()
        for last in range(1, 20):
            self.post("not a key", REMOTE_ADDR=f"203.0.113.{last}")
        self.assertLessEqual(AuditEvent.objects.count() - known, 2)
        self.post("not a key", REMOTE_ADDR="198.51.100.1")
        self.post(tokens.mint(DOMAIN, bytes(32)).text, REMOTE_ADDR="198.51.100.1")
        networks = AuditEvent.objects.order_by("id")[known:].values_list("reason", "client_ip")
        self.assertIn(("malformed_key", "198.51.100.1"), networks)
        self.assertIn(("invalid_provisioning_key", "198.51.100.1"), networks)

    def test_what_was_sampled_lately_is_not_asked_of_the_database_again(self) -> None:
        self.post("not a key")
        with self.assertNumQueries(0):
            self.post("not a key")

    def test_another_process_cannot_write_the_row_twice(self) -> None:
        from enrollment.operations.recording_refusals import sampled

        known = AuditEvent.objects.count()
        for _ in range(3):
            sampled.reset()
            self.post("not a key")
        self.assertLessEqual(AuditEvent.objects.count() - known, 2)


class RateTests(EnrollmentTestCase):
    def test_valid_enrollments_and_refusals_after_proof_are_never_counted(self) -> None:
        key, text = make_key(max_uses=100)
        for _ in range(60):
            self.assertEqual(self.post(text).status_code, 201)
        for _ in range(20):
            self.post(text, "not a request")
        self.assertEqual(self.uses(key), 60)
        self.assertEqual(len(rate_limit.unproved._windows), 0)

    def test_bad_keys_are_counted_by_network(self) -> None:
        for _ in range(rate_limit.unproved.limit):
            rate_limit.unproved.count("203.0.113.0/24")
        self.assert_problem(self.post("not a key", REMOTE_ADDR="203.0.113.77"), "rate_limited")
        self.assert_problem(self.post("not a key", REMOTE_ADDR="203.0.114.1"), "malformed_key")

    def test_a_valid_key_is_never_shielded_whoever_its_neighbors_are(self) -> None:
        for _ in range(rate_limit.unproved.limit):
            rate_limit.unproved.count("203.0.113.0/24")
        csr = make_csr()
        self.assertEqual(self.post(self.text, csr, REMOTE_ADDR="203.0.113.77").status_code, 201)
        self.assertEqual(self.post(self.text, csr, REMOTE_ADDR="203.0.113.77").status_code, 200)
        self.assert_problem(self.post(self.text, "no request", REMOTE_ADDR="203.0.113.77"), "csr_malformed")
