"""J-02: what is changed in the audit log behind the portal is found by its seals."""

from __future__ import annotations

import hashlib
import json
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
from portal.models import AuditEvent, AuditSeal, AuditSealHorizon
from tests.base import CommittedTestCase
from tests.factories import ACTOR

SUBJECT = audit.Subject("key", "7", "b\N{LATIN SMALL LETTER U WITH DIAERESIS}rgerplatz")


def write(count: int) -> None:
    details = ({"max_uses": ["1", str(number)], "name": ["a", "b"]} for number in range(count))
    audit.record_all(audit.row(audit.Action.KEY_EDITED, ACTOR, SUBJECT, detail=detail) for detail in details)


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


_DEEP = "[" * 990 + "]" * 990
_MILLENNIUM = "2000-01-01 00:00:00+00:00"
_COPIED = ", ".join(set(audit_seals._COLUMNS) - {"id", "once"})
_SEAL_ZERO = (
    "INSERT INTO portal_auditseal (number, first_event, last_event, events, previous, digest, at) "
    "SELECT 0, -9, 0, 0, 'x', digest, at FROM portal_auditseal WHERE number = 1"
)


def copied(new: str) -> str:
    return f"INSERT INTO portal_auditevent (id, {_COPIED}) SELECT {new}, {_COPIED} FROM portal_auditevent"  # constants


def moved(old: int, new: int) -> str:
    return f"UPDATE portal_auditevent SET id = {new} WHERE id = {old}"  # constants


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
            ("added before all", [f"{copied('-7')} WHERE id = {first}"], "1 event has an id below 1"),
            (
                "swapped",
                [f"{moved(first, -1)}", f"{moved(first + 1, first)}", f"{moved(-1, first + 1)}"],
                "were changed",
            ),
            ("renumbered", [f"{moved(first, last + 9_999)}"], "1 of the events"),
            ("seal changed", ["UPDATE portal_auditseal SET events = 2 WHERE number = 1"], "or the seal was changed"),
            ("time of a seal", [f"UPDATE portal_auditseal SET at = '{_MILLENNIUM}' WHERE number = 1"], "the seal was"),
            ("seal added", [_SEAL_ZERO], "does not continue"),
            ("seal deleted", ["DELETE FROM portal_auditseal WHERE number = 2"], "Seal 2: is missing"),
        ]:
            with self.subTest(name), transaction.atomic():
                execute(*statements)
                status, faults, _ = verified()
                self.assertEqual(status, 1)
                self.assertIn(expected, " ".join(faults))
                transaction.set_rollback(True)
        self.assertEqual(verified()[:2], (0, []))

    @skipUnless(connection.vendor == "sqlite", "PostgreSQL keeps the type of a column")
    def test_j02_what_is_not_even_of_the_right_type_is_found_and_named(self) -> None:
        seal()
        first = self.ids()[0]
        for name, statement, expected in [
            ("bytes", f"UPDATE portal_auditevent SET actor_id = X'00ff' WHERE id = {first}", "were changed"),
            ("time", f"UPDATE portal_auditevent SET at = 5 WHERE id = {first}", "were changed"),
            ("text", f"UPDATE portal_auditevent SET actor_id = CAST(X'ff' AS TEXT) WHERE id = {first}", "were changed"),
            ("depth", f"UPDATE portal_auditevent SET detail = '{_DEEP}' WHERE id = {first}", "were changed"),
            ("surrogate", f"UPDATE portal_auditevent SET detail = '\"\\ud800\"' WHERE id = {first}", "were changed"),
            ("count of a seal", "UPDATE portal_auditseal SET events = 'many' WHERE number = 1", "the seal was"),
            ("number of a seal", "UPDATE portal_auditseal SET number = 'one' WHERE number = 1", "is missing"),
        ]:
            with self.subTest(name), transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("PRAGMA ignore_check_constraints = ON")
                execute(statement)
                status, faults, _ = verified()
                self.assertEqual(status, 1)
                self.assertIn(expected, " ".join(faults))
                transaction.set_rollback(True)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")

    def test_j02_a_seal_from_before_seals_covered_their_time_agrees(self) -> None:
        seal()
        last = AuditSeal.objects.latest("number")
        head = [last.number, last.first_event, last.last_event, last.events, last.previous]
        rows = audit_seals._rows(last.first_event - 1, last.last_event)
        sealed = json.dumps(head, separators=(",", ":")).encode() + b"\n" + b"".join(map(audit_seals.canonical, rows))
        old = hashlib.sha256(sealed).hexdigest()
        execute(f"UPDATE portal_auditseal SET digest = '{old}' WHERE number = {last.number}")
        self.assertEqual(verified()[:2], (0, []))
        execute(f"UPDATE portal_auditevent SET actor_name = 'eve' WHERE id = {last.last_event}")
        self.assertEqual(verified()[0], 1)

    @skipUnless(connection.vendor == "sqlite", "PostgreSQL refuses half a character")
    def test_j02_half_a_character_keeps_no_event_from_being_sealed(self) -> None:
        write(1)
        half = '{"name": "\\ud800"}'
        execute(f"UPDATE portal_auditevent SET detail = '{half}' WHERE id = {self.ids()[-1]}")
        seal(seconds=0)
        self.assertEqual((audit_seals.not_sealed(), verified()[:2]), (0, (0, [])))

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
        for text in ("nothing", "1 abc", "x " + "0" * 64, "1 " + "z" * 64, "\n"):
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

    def test_j02_after_a_restore_into_a_new_server_events_are_sealed(self) -> None:
        """The new server counts its transactions from the beginning."""
        write(2)
        AuditSealHorizon.objects.create(pk=1, event=0, complete=0, transaction=10**15, at=audit_seals._LONG_AGO)
        self.assertGreater(seal(seconds=5), 0)
        self.assertEqual(audit_seals.not_sealed(), 0)


def _parameters() -> dict[str, object]:
    settings = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {name: settings[key] for name, key in names.items() if settings[key]}
