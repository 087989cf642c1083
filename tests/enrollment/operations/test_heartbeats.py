"""Heartbeats: the report of an edge, and the time of its last contact."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from enrollment import operations
from enrollment.errors import Refused
from enrollment.models import IssuedCertificate, ServiceEdge
from portal.models import AuditEvent
from tests.enrollment.base import EnrollmentTestCase, now
from tests.enrollment.renewal import HEARTBEAT, signed_body
from tests.factories import ACTOR, make_csr, make_private_key

REPORT = {"version": "1.2.3", "platform": "linux-x86_64", "addresses": ["192.0.2.7", "2001:db8::7"]}


class HeartbeatTestCase(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.private_key = make_private_key()
        self.first = self.enroll(self.text, make_csr(self.private_key))

    def beat(self, report: Any, **options: Any) -> Any:
        content = report if isinstance(report, str) else json.dumps(report)
        options = {"name": "body", "purpose": "psek-heartbeat-v1"} | options
        body = signed_body(self.private_key, self.first.certificate, content, **options)
        return self.client.post(HEARTBEAT, body, content_type="application/json")

    @property
    def edge(self) -> ServiceEdge:
        return ServiceEdge.objects.get(uuid=self.first.edge_uuid)


class HeartbeatTests(HeartbeatTestCase):
    def test_it_makes_the_last_contact_and_the_report_true_without_an_event(self) -> None:
        known, before = AuditEvent.objects.count(), now()
        response = self.beat(REPORT)
        self.assertEqual((response.status_code, response.content), (204, b""))
        edge = self.edge
        self.assertEqual((edge.version, edge.platform, edge.addresses), tuple(REPORT.values()))
        self.assertTrue(before <= edge.last_contact_at <= now())
        self.assertEqual(AuditEvent.objects.count(), known)

    def test_each_member_is_optional(self) -> None:
        self.assertEqual(self.beat({}).status_code, 204)
        self.assertEqual((self.edge.version, self.edge.addresses), ("", []))

    def test_a_report_of_another_shape_is_malformed(self) -> None:
        for report in (
            "", "[]", "7", {"more": 1}, {"version": 1}, {"version": "x" * 65}, {"version": "a\nb"},
            {"addresses": "192.0.2.7"}, {"addresses": ["x"]}, {"addresses": [1]}, {"addresses": ["192.0.2.7"] * 17},
            {"platform": "\x00"}, "[" * 5000,
        ):  # fmt: skip
            with self.subTest(report):
                self.assert_problem(self.beat(report), "malformed_request")
        self.assertIsNone(self.edge.last_contact_at)

    def test_a_renewal_is_no_heartbeat(self) -> None:
        self.assert_problem(self.beat(REPORT, purpose="psek-renew-v1"), "unknown_certificate")

    def test_who_may_not_connect_is_not_heard(self) -> None:
        edge = self.edge
        edge.enabled = False
        operations.edit_edge(edge, fields=["enabled"], actor=ACTOR)
        self.assert_problem(self.beat(REPORT), "edge_disabled")
        IssuedCertificate.objects.filter(edge=edge).update(revoked_at=now(), revocation_reason="superseded")
        self.assert_problem(self.beat(REPORT), "certificate_revoked")
        self.assertIsNone(self.edge.last_contact_at)

    def test_d06_disabled_or_deleted_since_it_was_read_it_is_refused(self) -> None:
        read = IssuedCertificate.objects.select_related("edge").get()
        for code, change in (
            ("edge_disabled", lambda: operations.set_enabled(self.edge, False, actor=ACTOR)),
            ("certificate_revoked", lambda: operations.delete_edge(self.edge, actor=ACTOR)),
        ):
            operations.set_enabled(self.edge, True, actor=ACTOR)
            read.edge = self.edge
            change()
            with self.assertRaises(Refused) as refused:
                operations.record_contact(read, operations.Report())
            self.assertEqual(refused.exception.code, code)

    def test_an_expired_certificate_is_not_heard(self) -> None:
        self.private_key = make_private_key()
        self.first = self.enroll(self.text, make_csr(self.private_key), at=now() - timedelta(days=91))
        self.assert_problem(self.beat(REPORT), "certificate_expired")
