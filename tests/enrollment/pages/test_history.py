"""What machines did with a key: each use with time, address and outcome, and refusals with their reason."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import connection
from django.db.models import Q

from enrollment import operations
from enrollment.errors import REFUSALS, Refused
from enrollment.models import IssuedCertificate
from enrollment.pages import history
from enrollment.pki.csr import judge
from keys.models import ProvisioningKey
from portal import audit
from portal.actors import Actor
from portal.models import REVEALED_A_KEY, AuditEvent
from tests.base import PortalTestCase
from tests.enrollment.base import EnrollmentTestCase
from tests.factories import ACTOR, EDGE, make_csr, make_key, make_private_key
from tests.support.html import the, words

_ELSEWHERE = Actor("edge", "", "enrollment", client_ip="203.0.113.9", request_id="request-2")


def section(response: Any, name: str = "timeline") -> str:
    """The text of one section of a page."""
    return words(the(response, f"#{name}"))


class WordsTests(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in("olga")
        self.page = f"/service-edge-keys/{self.key.pk}/"

    def history(self, **query: str) -> str:
        return section(self.client.get(self.page, query))

    def test_an_enrollment_names_edge_moment_address_and_outcome(self) -> None:
        self.enroll(self.text, caller=_ELSEWHERE)
        event = AuditEvent.objects.get(action="edge.enrolled")
        words = self.history()
        for expected in ("Edge-1", "203.0.113.9", "Enrolled"):
            self.assertIn(expected, words)
        exact = the(self.client.get(self.page), "#timeline time")["title"]
        self.assertEqual(exact, f"{event.at.day} {event.at:%b %Y, %H:%M:%S} UTC")

    def test_the_same_certificate_again_is_told_apart_from_an_enrollment(self) -> None:
        csr = make_csr()
        self.enroll(self.text, csr)
        self.enroll(self.text, csr, caller=_ELSEWHERE)
        newest, first = history.described(audit.of_machines(self.key.public_id))
        self.assertEqual(
            (newest.outcome, newest.edge, newest.address), ("Same certificate again", "Edge-1", "203.0.113.9")
        )
        self.assertEqual((first.outcome, first.serial), ("Enrolled", newest.serial))

    def test_a_refusal_has_its_reason_in_words_alone_and_the_key_pair(self) -> None:
        csr = make_csr()
        ProvisioningKey.objects.filter(pk=self.key.pk).update(uses=5)
        self.assertEqual(self.refusal(self.text, csr, caller=_ELSEWHERE), "key_exhausted")
        words = self.history()
        key_pair = judge(csr, 2048).spki_sha256
        self.assertNotIn("key_exhausted", words)
        for expected in (
            "Refused: Key used up",
            f"Unenrolled machine (key pair {key_pair[:8]}… )",
            "203.0.113.9",
        ):
            self.assertIn(expected, words)

    def test_a_refusal_without_a_readable_request_names_an_unknown_machine(self) -> None:
        self.assertEqual(self.refusal(self.text, "no CSR"), "csr_malformed")
        self.assertIn("Unknown machine", self.history())
        self.assertIn("Malformed CSR There is no line -----BEGIN CERTIFICATE REQ", self.history())

    def test_what_is_wrong_inside_a_request_is_said_and_a_private_key_is_not_kept(self) -> None:
        secret = make_private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.assertEqual(self.refusal(self.text, secret), "csr_malformed")
        words = self.history()
        self.assertIn("This holds a private key. A private key never leaves its machine", words)
        for line in secret.splitlines()[1:-1]:
            self.assertNotIn(line[:20], words + str(AuditEvent.objects.latest("id").detail))

    def test_what_a_request_asked_for_in_vain_is_named_when_it_is_admitted_and_again_when_repeated(self) -> None:
        names = x509.SubjectAlternativeName([x509.DNSName("printer.example")])
        csr = make_csr(extensions=[(names, False), (x509.OCSPNoCheck(), True)])
        for _ in range(2):
            answer = self.enroll(self.text, csr)
            self.assertEqual(answer.ignored_extensions, ("subjectAltName", "OCSPNoCheck"))
        self.assertEqual(self.history().count("Ignored: subjectAltName, OCSPNoCheck"), 2)
        self.assertNotIn("printer.example", self.history())

    def test_a_renewal_and_its_refusal_are_in_the_history_of_the_key(self) -> None:
        private_key = make_private_key()
        self.enroll(self.text, make_csr(private_key))
        old = IssuedCertificate.objects.select_related("edge__group").get()
        with self.assertRaises(Refused):
            operations.renew(old, make_csr(private_key), caller=EDGE)
        due = old.not_after - timedelta(days=5)
        operations.renew(old, make_csr(private_key), caller=EDGE, now=due)
        operations.renew(old, make_csr(private_key), caller=EDGE, now=due)
        outcomes = [(use.outcome, use.code) for use in history.described(audit.of_machines(self.key.public_id))]
        expected = [
            ("Same certificate again", ""), ("Renewed", ""), ("Renewal refused", "renewal_not_due"), ("Enrolled", ""),
        ]  # fmt: skip
        self.assertEqual(outcomes, expected)

    def test_every_reason_has_words(self) -> None:
        for code, refusal in REFUSALS.items():
            self.assertEqual(history.reason_in_words(code), refusal.title)
        self.assertEqual(history.reason_in_words("of_a_later_release"), "of_a_later_release")

    def test_other_keys_people_and_unknown_keys_are_not_in_it(self) -> None:
        _, text = make_key("Texas")
        self.enroll(text)
        self.refusal("1|api.private.example.com|nonsense")
        operations.sample_refusal("malformed_key", EDGE)
        self.assertFalse(audit.of_machines(self.key.public_id).exists())
        self.assertIn("None yet.", self.history())

    def test_names_and_addresses_are_escaped(self) -> None:
        subject = audit.Subject("edge", str(uuid.uuid4()), "<b>&")
        audit.record("edge.enrolled", EDGE, subject, detail={"key_public_id": self.key.public_id})
        self.assertContains(self.client.get(self.page), "<bdi>&lt;b&gt;&amp;</bdi>")

    def test_whoever_sees_edges_sees_it_and_nobody_else(self) -> None:
        self.enroll(self.text)
        for who in ("vic", "tom", "sam", "ada", "sue"):
            self.sign_in(who)
            self.assertIn("Enrolled", self.history(), who)


class TheIndexes(PortalTestCase):
    """Each query of a key's page reads a range of one index in order, however long the log is."""

    @classmethod
    def setUpTestData(cls) -> None:
        rows: list[dict[str, Any]] = []
        for number in range(3_000):
            key = number % 30
            subject = audit.Subject("key", str(key), f"Key {key}")
            rows.append(
                audit.row("edge.refused", EDGE, subject, reason="key_expired", detail={"key_public_id": f"{key:032}"})
            )
            rows.append(audit.row("key.copied", ACTOR, subject))
        audit.record_all(rows)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def assert_range_of(self, index: str, queryset: Any) -> None:
        plan = queryset.explain()
        self.assertIn(index, plan)
        self.assertNotRegex(plan, "SCAN|Seq Scan|TEMP B-TREE|Sort")

    def test_what_machines_did_with_a_key(self) -> None:
        found = audit.of_machines(f"{7:032}")
        self.assertEqual(found.count(), 100)
        self.assert_range_of("audit_event_of_machines_by_key", found[:21])
        self.assert_range_of("audit_event_of_machines_by_key", found.filter(id__lt=found[50].pk)[:21])

    def test_what_people_did_to_a_key(self) -> None:
        self.assertEqual(audit.of_people("7").count(), 100)
        self.assert_range_of("audit_event_of_people_by_key", audit.of_people("7")[:20])

    def test_the_refusals_of_a_key_and_of_none(self) -> None:
        self.assertEqual(audit.refusals().filter(object_id="7").count(), 100)
        for object_id in ("7", ""):
            self.assert_range_of("audit_event_refused_by_key", audit.refusals().filter(object_id=object_id)[:20])

    def test_who_got_the_text_of_a_key_in_order_of_time(self) -> None:
        """The filter of the audit log: three actions, of which an index by action would have to be sorted."""
        plan = AuditEvent.objects.filter(Q(REVEALED_A_KEY)).order_by("-at", "-id")[:21].explain()
        self.assertIn("audit_event_revealed_a_key", plan)
        self.assertNotRegex(plan, "Seq Scan|TEMP B-TREE|Sort")
