"""What every enrollment test needs: a key, an edge that presents it, and the counts that must agree afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from enrollment import operations
from enrollment.endpoints import rate_limit
from enrollment.errors import BEFORE_PROOF, LONGEST_FAULT, REFUSALS, Refused
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import issuers
from enrollment.operations.answer import Enrolled
from enrollment.operations.recording_refusals import sampled
from keys.crypto.ca_certificates import make_authority
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import create_certificate
from keys.operations.signing_certificates import authority_of
from portal.actors import Actor
from portal.models import AuditEvent
from tests.base import CommittedTestCase, PortalTestCase
from tests.factories import ACTOR, EDGE, make_csr, make_key, signing_certificate

ENROLL = "/enrollment/v1/enroll"


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def undone() -> Iterator[None]:
    """A block whose changes are rolled back at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def make_issuer(name: str = "Own", *, days: int = 365, key_type: str = "EC P-256", at: datetime | None = None) -> Any:
    """A signing certificate below the preloaded root, made at the time `at`."""
    signing_certificate()
    root = SigningCertificate.objects.get(name="Root")
    authority = make_authority(name, "Tests", now=at or now(), days=days, key_type=key_type, parent=authority_of(root))
    record = SigningCertificate(name=name, parent=root)
    create_certificate(record, authority, actor=ACTOR)
    return record


# Refusals that name the fault in the request.
FAULTY = {"malformed_key"}


class Enrolling:
    """Mixed into both kinds of test case."""

    def setUp(self) -> None:
        super().setUp()  # type: ignore[misc]
        rate_limit.unproved.reset()
        sampled.reset()
        issuers.forget_all()

    def enroll(
        self, text: str, csr: str | None = None, *, caller: Actor = EDGE, at: datetime | None = None
    ) -> Enrolled:
        return operations.enroll(text, csr or make_csr(), caller=caller, now=at)

    def refusal(self, text: str, csr: str | None = None, **options: Any) -> str:
        """The code with which an attempt is refused; empty when it is admitted."""
        try:
            self.enroll(text, csr, **options)
        except Refused as refused:
            return refused.code
        return ""

    def assert_refused(self, code: str, text: str, csr: str | None = None, **options: Any) -> None:
        """Refused with this code at no cost, and recorded with the key's id, the reason and a CSR's fault."""
        before, known = self.books(), AuditEvent.objects.count()
        self.assertEqual(self.refusal(text, csr, **options), code)
        self.assertEqual(self.books(), before, "a refused attempt must cost nothing")
        events = AuditEvent.objects.order_by("id")[known:]
        self.assertEqual(len(events), 0 if code in BEFORE_PROOF else 1)
        for event in events:
            self.assertEqual((event.action, event.outcome, event.reason), ("edge.refused", "refused", code))
            self.assertEqual(event.object_kind, "key")
            told = {"fault"} if code.startswith("csr_") else set()
            self.assertEqual(set(event.detail) - {"spki_sha256"}, {"key_public_id"} | told)

    @staticmethod
    def books() -> tuple[Any, ...]:
        """The counts that an enrollment changes."""
        uses = tuple(ProvisioningKey.objects.order_by("id").values_list("id", "uses", "last_used_at"))
        enrolled = AuditEvent.objects.filter(action="edge.enrolled").count()
        return uses, ServiceEdge.objects.count(), IssuedCertificate.objects.count(), enrolled

    @staticmethod
    def execute(statement: str, *values: Any) -> None:
        """Raw SQL, as a person would type it at the database's prompt."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)

    @staticmethod
    def uses(key: ProvisioningKey) -> int:
        return ProvisioningKey.objects.get(pk=key.pk).uses

    def post(self, text: str, csr: str | None = None, **extra: Any) -> Any:
        """One request of an edge through the whole stack."""
        body = json.dumps({"provisioning_key": text, "csr": csr or make_csr()})
        return self.client.post(ENROLL, body, content_type="application/json", **extra)  # type: ignore[attr-defined]

    def assert_problem(self, response: Any, code: str) -> None:
        """A problem document of this code, with its own sentence or the fault of a key or CSR, and nothing else."""
        refusal = REFUSALS[code]
        self.assertEqual(response.status_code, refusal.status, response.content)
        self.assertEqual(response["Content-Type"], "application/problem+json")
        self.assertIn("no-store", response["Cache-Control"])
        self.assertRegex(response["X-Request-Id"], r"\A[0-9a-f]{16}\Z")
        expected = {
            "type": "about:blank",
            "title": refusal.title,
            "status": refusal.status,
            "code": code,
            "detail": fault_in(response.json()["detail"])
            if code in FAULTY or code.startswith("csr_")
            else refusal.detail,
            "request_id": response["X-Request-Id"],
        }
        self.assertEqual(json.loads(response.content), expected)
        self.assertEqual("Retry-After" in response, refusal.retry_after is not None)


def fault_in(text: str) -> str:
    """The text, which must be a short sentence of printable ASCII."""
    if not (text.isascii() and text.isprintable() and 20 <= len(text) <= LONGEST_FAULT and text.endswith((".", ")."))):
        raise AssertionError(f"no fault in words: {text!a}")
    return text


class EnrollmentTestCase(Enrolling, PortalTestCase):
    """A group of tests around one key with five uses: `key` and its `text`."""

    key: ProvisioningKey
    text: str

    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, cls.text = make_key("Edge", max_uses=5)


class CommittedEnrollmentTestCase(Enrolling, CommittedTestCase):
    """The same with transactions that commit."""

    def setUp(self) -> None:
        super().setUp()
        self.key, self.text = make_key("Edge", max_uses=5)
