"""Editing an edge's name, description and status; and deleting an edge, which revokes its certificates."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from enrollment import operations, verifying
from enrollment.models import BEFORE_ALL, IssuedCertificate, ServiceEdge
from enrollment.pages.edge_state import edge_state
from keys.errors import Gone, Stale
from portal.models import AuditEvent
from tests.enrollment.base import EnrollmentTestCase, now
from tests.enrollment.revocation import fetch, serials
from tests.factories import ACTOR, EDGE, make_csr


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

    def test_f24_of_two_who_save_the_second_learns_who_was_first_and_what_differs(self) -> None:
        mine = ServiceEdge.objects.get()
        self.edge.name = "Frankfurt"
        operations.edit_edge(self.edge, fields=["name"], actor=ACTOR)
        # A heartbeat is no edit.
        ServiceEdge.objects.update(last_contact_at=now())
        mine.description = "In the cellar"
        with self.assertRaises(Stale) as refused:
            operations.edit_edge(mine, fields=["name", "description"], actor=ACTOR)
        stale = refused.exception
        self.assertEqual((stale.changed_by, stale.version), (ACTOR.name, 2))
        self.assertEqual([each.label for each in stale.differences], ["Name", "Description"])
        operations.edit_edge(mine, fields=["description"], revision=stale.version, actor=ACTOR)
        stored = ServiceEdge.objects.get()
        self.assertEqual((stored.name, stored.description, stored.revision), ("Frankfurt", "In the cellar", 3))

    def test_disabling_and_enabling_are_one_event_each_and_never_stale(self) -> None:
        known = AuditEvent.objects.count()
        for enabled in (False, False, True):
            operations.set_enabled(self.edge, enabled, actor=ACTOR)
            self.assertEqual(ServiceEdge.objects.get().enabled, enabled)
        details = [event.detail for event in AuditEvent.objects.order_by("id")[known:]]
        self.assertEqual(details, [{"enabled": ["on", "off"]}, {"enabled": ["off", "on"]}])


class ExpiryTests(EdgeTestCase):
    def test_an_edge_holds_the_end_of_its_latest_certificate_that_is_not_revoked(self) -> None:
        def until() -> datetime:
            return ServiceEdge.objects.get().certificate_until

        first = IssuedCertificate.objects.select_related("edge__group").get()
        self.assertEqual(until(), first.not_after)
        later = first.not_after - timedelta(days=20)
        operations.renew(first, make_csr(), caller=EDGE, now=later)
        second = IssuedCertificate.objects.latest("id")
        self.assertEqual(until(), second.not_after)
        operations.revoke_certificate(second, reason="superseded", actor=ACTOR)
        self.assertEqual(until(), first.not_after)
        operations.delete_edge(self.edge, actor=ACTOR)
        self.assertEqual(until(), BEFORE_ALL)

    def test_an_edge_with_a_revoked_certificate_is_revoked_from_the_end_of_the_last_of_the_others(self) -> None:
        def revoked_from() -> datetime | None:
            return ServiceEdge.objects.get().revoked_from

        first = IssuedCertificate.objects.select_related("edge__group").get()
        operations.renew(first, make_csr(), caller=EDGE, now=first.not_after - timedelta(days=20))
        second = IssuedCertificate.objects.latest("id")
        self.assertIsNone(revoked_from())
        operations.revoke_certificate(first, reason="superseded", actor=ACTOR)
        self.assertEqual(revoked_from(), second.not_after)
        operations.renew(second, make_csr(), caller=EDGE, now=second.not_after - timedelta(days=20))
        third = IssuedCertificate.objects.select_related("edge__group").latest("id")
        self.assertEqual(revoked_from(), third.not_after)
        edge = third.edge
        edge.refresh_from_db()
        words = [edge_state(edge, at).word for at in (third.not_after - timedelta(1), third.not_after)]
        self.assertEqual(words, ["Never connected", "Revoked"])
        operations.revoke_certificate(third, reason="superseded", actor=ACTOR)
        self.assertEqual(revoked_from(), second.not_after)
        operations.revoke_edge(edge, reason="superseded", actor=ACTOR)
        self.assertEqual(revoked_from(), BEFORE_ALL)
        self.assertEqual([*verifying.verify(now() - timedelta(days=1), verifying.Tally())], [])

    def test_the_database_refuses_an_edge_that_is_revoked_while_its_certificate_is_valid(self) -> None:
        with self.assertRaises(IntegrityError), transaction.atomic():
            ServiceEdge.objects.update(revoked_from=F("certificate_until") - timedelta(seconds=1))


class DeleteTests(EdgeTestCase):
    def test_a11_a_deleted_edge_is_disabled_revoked_and_kept(self) -> None:
        operations.delete_edge(self.edge, actor=ACTOR)
        stored, certificate = ServiceEdge.objects.get(), IssuedCertificate.objects.get()
        self.assertFalse(stored.enabled)
        self.assertIsNotNone(stored.deleted_at)
        self.assertEqual(certificate.revoked_at, stored.deleted_at)
        self.assertEqual(certificate.revocation_reason, "cessationOfOperation")
        event = AuditEvent.objects.latest("id")
        self.assertEqual((event.action, event.object_name), ("edge.deleted", "Edge-1"))
        was = {"enabled": "on", "group": self.edge.group.name, "key_name": "Edge", "key_public_id": self.key.public_id}
        self.assertEqual(event.detail, {**was, "certificates": 1, "serials": [certificate.serial]})
        issuer = certificate.issuer
        self.assertIn(certificate.serial, serials(fetch(issuer)), "its list names it without a live edge")
        self.assertEqual([*verifying.verify(now() - timedelta(days=1), verifying.Tally())], [])
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
