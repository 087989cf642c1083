"""Editing an edge's name, description and status; and deleting an edge, which revokes its certificates."""

from __future__ import annotations

from enrollment import operations
from enrollment.models import IssuedCertificate, ServiceEdge
from keys.errors import Gone
from portal.models import AuditEvent
from tests.enrollment.base import EnrollmentTestCase, now
from tests.factories import ACTOR


class EdgeTestCase(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enroll(self.text)
        self.edge = ServiceEdge.objects.get()


class EditTests(EdgeTestCase):
    def test_what_was_changed_is_stored_and_remembered_with_both_values(self) -> None:
        self.edge.name, self.edge.enabled = "Frankfurt", False
        operations.edit_edge(self.edge, fields=["name", "description", "enabled"], actor=ACTOR)
        stored = ServiceEdge.objects.get()
        self.assertEqual((stored.name, stored.enabled), ("Frankfurt", False))
        event = AuditEvent.objects.latest("id")
        self.assertEqual((event.action, event.object_id), ("edge.edited", str(self.edge.uuid)))
        self.assertEqual(event.detail, {"name": ["Edge-1", "Frankfurt"], "enabled": ["on", "off"]})

    def test_fields_that_were_not_named_stay(self) -> None:
        self.edge.name, self.edge.description = "Frankfurt", "not to be stored"
        operations.edit_edge(self.edge, fields=["name"], actor=ACTOR)
        self.assertEqual(ServiceEdge.objects.get().description, "")

    def test_saving_without_a_change_is_no_event(self) -> None:
        known = AuditEvent.objects.count()
        operations.edit_edge(self.edge, fields=["name", "description", "enabled"], actor=ACTOR)
        self.assertEqual(AuditEvent.objects.count(), known)

    def test_a_deleted_edge_is_not_edited(self) -> None:
        operations.delete_edge(self.edge, actor=ACTOR)
        self.edge.name, self.edge.enabled = "Frankfurt", True
        with self.assertRaises(Gone):
            operations.edit_edge(self.edge, fields=["name", "enabled"], actor=ACTOR)
        stored = ServiceEdge.objects.get()
        self.assertEqual((stored.name, stored.enabled), ("Edge-1", False))


class DeleteTests(EdgeTestCase):
    def test_a11_a_deleted_edge_is_disabled_revoked_and_kept(self) -> None:
        operations.delete_edge(self.edge, actor=ACTOR)
        stored, certificate = ServiceEdge.objects.get(), IssuedCertificate.objects.get()
        self.assertFalse(stored.enabled)
        self.assertIsNotNone(stored.deleted_at)
        self.assertEqual(certificate.revoked_at, stored.deleted_at)
        self.assertEqual(certificate.revocation_reason, "cessationOfOperation")
        event = AuditEvent.objects.latest("id")
        self.assertEqual(
            (event.action, event.object_name, event.detail), ("edge.deleted", "Edge-1", {"certificates": 1})
        )
        self.assertEqual(self.uses(self.key), 1)

    def test_deleting_twice_is_one_event_and_keeps_the_first_moment(self) -> None:
        operations.delete_edge(self.edge, actor=ACTOR)
        first, known = ServiceEdge.objects.get().deleted_at, AuditEvent.objects.count()
        operations.delete_edge(self.edge, actor=ACTOR)
        self.assertEqual((ServiceEdge.objects.get().deleted_at, AuditEvent.objects.count()), (first, known))

    def test_a_certificate_that_was_revoked_before_keeps_its_reason(self) -> None:
        earlier = now()
        IssuedCertificate.objects.update(revoked_at=earlier, revocation_reason="keyCompromise")
        operations.delete_edge(self.edge, actor=ACTOR)
        certificate = IssuedCertificate.objects.get()
        self.assertEqual((certificate.revoked_at, certificate.revocation_reason), (earlier, "keyCompromise"))
