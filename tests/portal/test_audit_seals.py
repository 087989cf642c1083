"""J-02: what is changed in the audit log behind the portal is found by its seals."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from time import monotonic, sleep
from unittest import skipUnless
from unittest.mock import patch

import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from portal import audit, audit_seals, housekeeping, triggers
from portal.models import AuditEvent, AuditSeal
from tests.base import CommittedTestCase
from tests.factories import ACTOR

SUBJECT = audit.Subject("key", "7", "b\N{LATIN SMALL LETTER U WITH DIAERESIS}rgerplatz")


def write(count: int) -> None:
    rows = [audit.row(audit.Action.KEY_EDITED, ACTOR, SUBJECT, detail={"max_uses": ["1", "2"], "name": ["a", "b"]})]
    audit.record_all(rows * count)


def seal(seconds: float = 60) -> int:
    """Seal everything, as housekeeping does in two minutes.

    Transactions of other test processes in the same PostgreSQL keep events back while they run.
    """
    sealed, until = 0, monotonic() + seconds
    with patch.object(audit_seals, "PATIENCE", timedelta()), patch.object(audit_seals, "_REMEMBERED", timedelta()):
        while True:
            sealed += audit_seals.seal_past_events() + audit_seals.seal_past_events()
            if not audit_seals.not_sealed() or monotonic() >= until:
                return sealed
            sleep(0.05)


def execute(*statements: str) -> None:
    """SQL as the owner of the database runs it, who dropped the triggers."""
    triggers.drop_all()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    triggers.create_all()


def verified(head: str = "") -> tuple[int, list[str], str]:
    """The exit status of the command, its faults, and the head that it printed."""
    out, status = StringIO(), 0
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "head"
        path.write_text(head)
        try:
            call_command("verify_audit", *(["--head", str(path)] if head else []), stdout=out, stderr=StringIO())
        except CommandError as error:
            status = error.returncode
    *faults, printed = out.getvalue().splitlines() or [""]
    return status, faults, printed


class SealTests(CommittedTestCase):
    def setUp(self) -> None:
        self.enterContext(patch.object(audit_seals, "BATCH", 3))
        write(8)

    def ids(self) -> list[int]:
        return list(AuditEvent.objects.order_by("id").values_list("id", flat=True))

    def test_j02_an_untouched_log_agrees_and_prints_its_head(self) -> None:
        self.assertEqual(seal(), 3)
        self.assertEqual(list(AuditSeal.objects.order_by("number").values_list("events", flat=True)), [3, 3, 2])
        status, faults, head = verified()
        self.assertEqual((status, faults, head), (0, [], audit_seals.head()))
        self.assertRegex(head, r"\A3 [0-9a-f]{64}\Z")
        write(4)
        seal()
        self.assertEqual(verified(head)[:2], (0, []))

    def test_j02_what_was_done_to_the_log_is_found(self) -> None:
        seal()
        first, *_, last = self.ids()
        for name, statements, expected in [
            ("changed", [f"UPDATE portal_auditevent SET actor_name = 'eve' WHERE id = {first}"], "were changed"),
            ("deleted", [f"DELETE FROM portal_auditevent WHERE id = {first + 1}"], "1 of the events"),
            ("end deleted", [f"DELETE FROM portal_auditevent WHERE id >= {last - 1}"], "2 of the events"),
            ("seal changed", ["UPDATE portal_auditseal SET events = 2 WHERE number = 1"], "Seal 1"),
            ("seal deleted", ["DELETE FROM portal_auditseal WHERE number = 2"], "Seal 2: is missing"),
        ]:
            with self.subTest(name), transaction.atomic():
                execute(*statements)
                status, faults, _ = verified()
                self.assertEqual(status, 1)
                self.assertIn(expected, faults[0])
                transaction.set_rollback(True)
        self.assertEqual(verified()[:2], (0, []))

    def test_j02_a_log_that_was_cut_off_is_found_with_the_exported_head(self) -> None:
        seal()
        head = verified()[2]
        sealed = AuditSeal.objects.get(number=2).last_event
        execute("DELETE FROM portal_auditseal WHERE number = 3", f"DELETE FROM portal_auditevent WHERE id > {sealed}")
        self.assertEqual(verified()[:2], (0, []))
        status, faults, _ = verified(head)
        self.assertEqual((status, len(faults)), (1, 1))
        self.assertIn("cut off", faults[0])
        write(2)
        seal()
        self.assertEqual(verified(head)[0], 1)

    def test_j02_a_file_without_a_head_is_wrong_usage(self) -> None:
        for text in ("nothing", "1 abc", "x " + "0" * 64, "\n"):
            self.assertEqual(verified(text)[0], 2, text)

    def test_j02_seals_are_never_changed_or_deleted(self) -> None:
        seal()
        statements = ["UPDATE portal_auditseal SET digest = 'x'", "DELETE FROM portal_auditseal"]
        statements += ["TRUNCATE portal_auditseal"] if connection.vendor == "postgresql" else []
        for statement in statements:
            with self.assertRaises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)

    def test_a_few_events_wait_a_minute_and_a_full_batch_does_not(self) -> None:
        with patch.object(audit_seals, "_last_complete_id", return_value=self.ids()[-1]):
            housekeeping.run()
            self.assertEqual(AuditSeal.objects.count(), 2)
            with time_machine.travel(timezone.now() + timedelta(seconds=61)):
                housekeeping.run()
            self.assertEqual((AuditSeal.objects.count(), audit_seals.not_sealed()), (3, 0))

    def test_two_processes_make_one_chain(self) -> None:
        seal()
        write(3)
        with patch.object(audit_seals, "_REMEMBERED", timedelta()):
            audit_seals.seal_past_events()
        last = AuditSeal.objects.latest("number")
        late: Callable[[], int] = audit_seals.seal_past_events
        again = AuditSeal(
            number=last.number, first_event=last.first_event, last_event=last.last_event, events=3,
            previous=last.previous, digest="f" * 64, at=timezone.now(),
        )  # fmt: skip
        with patch.object(audit_seals, "_next_seal", return_value=again):
            self.assertEqual(late(), 0)
        self.assertEqual(verified()[:2], (0, []))


@skipUnless(connection.vendor == "postgresql", "SQLite commits ids in their order")
class OutOfOrderTests(CommittedTestCase):
    def test_j02_an_id_that_is_committed_late_is_not_left_out(self) -> None:
        import psycopg

        write(2)
        other = psycopg.connect(**_parameters())
        self.addCleanup(other.close)
        insert = (
            "INSERT INTO portal_auditevent (at, action, outcome, reason, actor_kind, actor_id, actor_name, interface, "
            "request_id, object_kind, object_id, object_name, detail) "
            "VALUES (now(), 'key.shown', 'success', '', 'user', '1', 'slow', 'portal', '', 'key', '1', 'k', '{}')"
        )
        other.execute(insert)
        write(2)
        for _ in range(3):
            seal(seconds=0)
        late = AuditEvent.objects.order_by("id").values_list("id", flat=True)[1]
        self.assertLessEqual(max([0, *AuditSeal.objects.values_list("last_event", flat=True)]), late)
        other.commit()
        seal()
        self.assertEqual(audit_seals.not_sealed(), 0)
        self.assertEqual(verified()[:2], (0, []))


def _parameters() -> dict[str, object]:
    settings = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {name: settings[key] for name, key in names.items() if settings[key]}
