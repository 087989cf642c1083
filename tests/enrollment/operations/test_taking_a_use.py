"""When a step fails after the use was taken, all is rolled back, and the failure is recorded (A-14, J-03)."""

from __future__ import annotations

import contextlib
import threading
import unittest
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

from django.db import OperationalError, connection

from enrollment.models import ServiceEdge
from enrollment.operations import lookup, taking_a_use
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.operations import delete_certificate, delete_key, edit_group, edit_key
from portal.models import AuditEvent
from tests.enrollment.base import CommittedEnrollmentTestCase, make_issuer, now
from tests.factories import ACTOR, expire, make_csr, make_key
from tests.support import database_conditions
from tests.support.relay import Relay

TABLES = ("enrollment_serviceedge", "enrollment_issuedcertificate", "portal_auditevent")


@contextlib.contextmanager
def broken_insert(table: str, when: str = "") -> Iterator[None]:
    """A database whose trigger raises on every INSERT into `table` (that `when` selects)."""
    condition = f"WHEN ({when})" if when else ""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            body = "BEGIN SELECT RAISE(ABORT, 'broken on purpose'); END"
            cursor.execute(f"CREATE TRIGGER broken BEFORE INSERT ON {table} FOR EACH ROW {condition} {body}")
        else:
            raising = "BEGIN RAISE EXCEPTION 'broken on purpose'; END"
            cursor.execute(f"CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ {raising} $$")
            row = f"CREATE TRIGGER broken BEFORE INSERT ON {table} FOR EACH ROW {condition}"
            cursor.execute(f"{row} EXECUTE FUNCTION broken()")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            on = "" if connection.vendor == "sqlite" else f" ON {table}"
            cursor.execute(f"DROP TRIGGER IF EXISTS broken{on}")
            if connection.vendor == "postgresql":
                cursor.execute("DROP FUNCTION IF EXISTS broken()")


class BrokenStepTests(CommittedEnrollmentTestCase):
    def test_a14_a_failing_insert_takes_the_use_back_and_leaves_one_event(self) -> None:
        for table in TABLES:
            only_enrollments = "NEW.action = 'edge.enrolled'" if table == "portal_auditevent" else ""
            with self.subTest(table), broken_insert(table, only_enrollments):
                before, known = self.books(), AuditEvent.objects.count()
                response = self.post(self.text)
                self.assert_problem(response, "busy")
                self.assertEqual(self.books(), before)
                (event,) = AuditEvent.objects.order_by("id")[known:]
                self.assertEqual((event.action, event.outcome, event.reason), ("edge.failed", "refused", "busy"))
                self.assertEqual((event.object_kind, event.object_id), ("key", str(self.key.pk)))
                self.assertEqual(event.detail, {"key_public_id": self.key.public_id})

    def test_a14_afterwards_the_same_key_pair_enrolls(self) -> None:
        csr = make_csr()
        with broken_insert("enrollment_issuedcertificate"):
            self.assertEqual(self.refusal(self.text, csr), "busy")
        self.assertEqual(self.enroll(self.text, csr).edge_name, "Edge-1")

    def test_j03_without_an_audit_log_nobody_enrolls_and_nobody_is_told_why(self) -> None:
        with broken_insert("portal_auditevent"):
            before = self.books()
            self.assert_problem(self.post(self.text), "busy")
            self.assertEqual(self.books(), before)
            # A refusal that cannot be recorded is not answered as one.
            self.assert_problem(self.post(self.text, "not a request"), "busy")
            # Unauthenticated callers get their answer, because it need not be recorded.
            self.assert_problem(self.post("not a key"), "malformed_key")

    def test_j03_a_replay_that_cannot_be_remembered_is_not_answered(self) -> None:
        csr = make_csr()
        self.enroll(self.text, csr)
        with broken_insert("portal_auditevent"):
            self.assert_problem(self.post(self.text, csr), "busy")
        self.assertEqual(self.post(self.text, csr).status_code, 200)

    def test_a_database_that_cannot_be_written_is_busy_and_not_an_error(self) -> None:
        with read_only():
            self.assert_problem(self.post(self.text), "busy")
            self.assert_problem(self.post("not a key"), "malformed_key")
        self.assertEqual(self.post(self.text).status_code, 201)

    def test_a_database_that_is_away_is_busy_and_not_an_error(self) -> None:
        def away(*_: Any) -> None:
            raise OperationalError("server closed the connection unexpectedly")

        with connection.execute_wrapper(away):
            self.assert_problem(self.post(self.text), "busy")


@unittest.skipUnless(connection.vendor == "postgresql", "SQLite has no connection to lose")
class LostAnswerTests(CommittedEnrollmentTestCase):
    """The connection breaks after the statement that takes a use was sent: whether it was committed is unknown."""

    def test_a_committed_use_whose_answer_was_lost_is_not_taken_again(self) -> None:
        server, csr, undisturbed = database_conditions.address(), make_csr(), taking_a_use.record
        self.execute("UPDATE keys_provisioningkey SET max_uses = 2 WHERE id = %s", self.key.pk)
        through = contextlib.ExitStack()
        self.addCleanup(through.close)
        past = through.enter_context(database_conditions.administrator())
        relay = through.enter_context(Relay(server["host"], int(server["port"])))
        through.enter_context(database_conditions.connected_otherwise(HOST="127.0.0.1", PORT=str(relay.port)))

        # The first one prepares the statement, which is sent and answered once from then on.
        self.assertEqual(self.post(self.text).status_code, 201)

        def disturbed(*arguments: Any) -> str | None:
            relay.lose_answers()
            return undisturbed(*arguments)

        with mock.patch.object(taking_a_use, "record", disturbed):
            self.assert_problem(self.post(self.text, csr), "busy")
        uses = "SELECT uses FROM keys_provisioningkey WHERE id = %s"
        self.assertEqual(past.execute(uses, [self.key.pk]).fetchone(), (2,))
        relay.pass_answers()
        again = self.post(self.text, csr)
        self.assertEqual((again.status_code, again.json()["edge"]["name"]), (200, "Edge-2"))
        self.assertEqual((self.uses(self.key), ServiceEdge.objects.count()), (2, 2))


class ChangedInBetweenTests(CommittedEnrollmentTestCase):
    """An administrator saves between look-up and recording: the statement repeats each condition and names its code."""

    def enroll_while(self, change: Any) -> str:
        """The answer to an enrollment during whose signing, once, `change` is committed."""
        undisturbed, done = taking_a_use.record, threading.Event()

        def disturbed(*arguments: Any) -> str | None:
            if not done.is_set():
                done.set()
                change()
            return undisturbed(*arguments)

        taking_a_use.record = disturbed
        try:
            return self.refusal(self.text)
        finally:
            taking_a_use.record = undisturbed

    def edit(self, **values: object) -> None:
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        for name, value in values.items():
            setattr(key, name, value)
        edit_key(key, fields=list(values), version=key.version, actor=ACTOR)

    def assert_changed(self, code: str, change: Any) -> None:
        before = ServiceEdge.objects.count()
        self.assertEqual(self.enroll_while(change), code)
        self.assertEqual(ServiceEdge.objects.count(), before + (not code))

    def test_a_key_disabled_in_between_refuses(self) -> None:
        self.assert_changed("key_disabled", lambda: self.edit(enabled=False))

    def test_a_key_deleted_in_between_is_not_known(self) -> None:
        self.assert_changed("invalid_provisioning_key", lambda: delete_key(self.key, actor=ACTOR))

    def test_a_key_closed_to_this_network_in_between_refuses(self) -> None:
        self.assert_changed("network_not_allowed", lambda: self.edit(allowed_networks=["198.51.100.0/24"]))

    def test_a_key_expired_in_between_refuses(self) -> None:
        self.assert_changed("key_expired", lambda: expire(self.key))

    def test_every_condition_of_the_key_is_repeated_by_the_statement_itself(self) -> None:
        """A direct change does not raise the version, so each condition of the UPDATE must work without it."""
        keys = ProvisioningKey.objects.filter(pk=self.key.pk)
        for code, values in (
            ("key_expired", {"expires_at": now() - timedelta(seconds=1)}),
            ("key_disabled", {"enabled": False}),
            ("key_exhausted", {"max_uses": self.key.max_uses, "uses": self.key.max_uses}),
        ):
            with self.subTest(code=code):
                self.assert_changed(code, lambda values=values: keys.update(**values))
            keys.update(expires_at=None, enabled=True)

    def test_a_group_disabled_in_between_refuses(self) -> None:
        def disable() -> None:
            group = ServiceEdgeGroup.objects.get(pk=self.key.group_id)
            group.enabled = False
            edit_group(group, fields=["enabled"], version=group.version, actor=ACTOR)

        self.assert_changed("group_disabled", disable)

    def test_the_last_use_taken_in_between_is_not_taken_twice(self) -> None:
        self.edit(max_uses=1)
        self.assert_changed_by_another("key_exhausted")

    def assert_changed_by_another(self, code: str) -> None:
        self.assertEqual(self.enroll_while(lambda: self.enroll(self.text)), code)
        self.assertEqual((ServiceEdge.objects.count(), self.uses(self.key)), (1, 1))

    def test_an_issuer_disabled_in_between_refuses(self) -> None:
        issuer = make_issuer()
        self.edit(signing_certificate=issuer)
        self.assert_changed(
            "issuer_unavailable", lambda: SigningCertificate.objects.filter(pk=issuer.pk).update(enabled=False)
        )

    def test_an_edit_that_forbids_nothing_starts_the_enrollment_over(self) -> None:
        other = make_issuer("Other")
        self.assert_changed("", lambda: self.edit(name="Renamed", signing_certificate=other))
        edge = ServiceEdge.objects.get()
        self.assertEqual((edge.name, edge.certificates.get().issuer), ("Renamed-1", other))

    def test_endless_edits_end_in_busy(self) -> None:
        undisturbed = taking_a_use.record

        def disturbed(*arguments: Any) -> str | None:
            self.edit(max_uses=ProvisioningKey.objects.get(pk=self.key.pk).max_uses + 1)
            return undisturbed(*arguments)

        taking_a_use.record = disturbed
        try:
            self.assert_refused_busy()
        finally:
            taking_a_use.record = undisturbed

    def assert_refused_busy(self) -> None:
        self.assertEqual(self.refusal(self.text), "busy")
        self.assertEqual((ServiceEdge.objects.count(), self.uses(self.key)), (0, 0))

    def test_an_issuer_and_its_key_deleted_before_signing_is_not_an_error(self) -> None:
        issuer = make_issuer()
        key, text = make_key("Doomed", signing_certificate=issuer)
        state = lookup.find(key.public_id)
        delete_key(key, actor=ACTOR)
        delete_certificate(issuer, actor=ACTOR)
        found, looked_up = lookup.find, [state]
        lookup.find = lambda public_id: looked_up.pop() if looked_up else found(public_id)
        try:
            self.assertEqual(self.refusal(text), "invalid_provisioning_key")
        finally:
            lookup.find = found


@contextlib.contextmanager
def read_only() -> Iterator[None]:
    """A database that answers queries and refuses every change, as with a full disk."""
    switch = {
        "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        "postgresql": ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(switch[0])
        try:
            yield
        finally:
            cursor.execute(switch[1])
