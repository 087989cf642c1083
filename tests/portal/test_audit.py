"""Audit events are allow-listed and append-only, and unauthenticated callers cannot add unlimited rows."""

import time_machine
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from portal import audit
from portal.models import AuditEvent
from tests.base import PortalTestCase
from tests.factories import ACTOR

SUBJECT = audit.Subject("key", "7", "berlin")


class RecordTest(PortalTestCase):
    def test_a_field_that_is_not_listed_is_refused(self) -> None:
        with self.assertRaisesMessage(ValueError, "key.created may not record secret"):
            audit.record(audit.Action.KEY_CREATED, ACTOR, SUBJECT, detail={"secret": "x"})

    def test_an_event_keeps_copies_of_actor_and_object(self) -> None:
        audit.record(audit.Action.KEY_CREATED, ACTOR, SUBJECT, detail={"max_uses": "3"})
        event = AuditEvent.objects.get()
        self.assertEqual((event.actor_name, event.object_id, event.object_name), ("the tests", "7", "berlin"))
        self.assertEqual((event.outcome, event.detail), ("success", {"max_uses": "3"}))

    def test_a_reason_makes_it_a_refusal(self) -> None:
        audit.record(audit.Action.EDGE_REFUSED, ACTOR, SUBJECT, reason="key_exhausted")
        self.assertEqual(AuditEvent.objects.get().outcome, "refused")

    def test_record_once_writes_one_event_for_each_occasion(self) -> None:
        # A minute that ended in between would admit one more.
        with time_machine.travel(timezone.now(), tick=False):
            for once in ["a", "a", "b", "a"]:
                audit.record_once(audit.Action.EDGE_REFUSED, ACTOR, SUBJECT, once=once, reason="malformed_key")
        self.assertEqual(AuditEvent.objects.count(), 2)


class AppendOnlyTest(PortalTestCase):
    def setUp(self) -> None:
        audit.record(audit.Action.KEY_CREATED, ACTOR, SUBJECT)

    def assert_refused(self, statement: str) -> None:
        with self.assertRaises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        self.assertEqual(AuditEvent.objects.get().actor_name, "the tests")

    def test_j01_update_is_refused_by_the_database(self) -> None:
        self.assert_refused("UPDATE portal_auditevent SET actor_name = 'nobody'")

    def test_j01_delete_is_refused_by_the_database(self) -> None:
        self.assert_refused("DELETE FROM portal_auditevent")

    def test_j01_truncate_is_refused_by_the_database(self) -> None:
        if connection.vendor == "postgresql":
            self.assert_refused("TRUNCATE portal_auditevent")
