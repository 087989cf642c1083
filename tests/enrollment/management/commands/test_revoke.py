"""`manage.py revoke`: the output, the rows and the exit code."""

from __future__ import annotations

import io

from django.core.management import CommandError, call_command

from enrollment.models import IssuedCertificate
from keys.operations import delete_key
from portal.models import AuditEvent
from tests.enrollment.operations.test_revoking import foreign_keyring
from tests.enrollment.revocation import RevocationTestCase, certificate_of
from tests.factories import ACTOR, make_key

UNKNOWN = "00000000-0000-4000-8000-000000000000"


class RevokeTests(RevocationTestCase):
    def revoke(self, *arguments: str) -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        call_command("revoke", *arguments, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    def revoked(self) -> set[str]:
        return set(IssuedCertificate.objects.exclude(revoked_at=None).values_list("edge__name", flat=True))

    def test_an_edge_is_revoked_and_printed(self) -> None:
        out, err = self.revoke("--edge", str(self.first.edge_uuid), "--reason", "keyCompromise")
        self.assertEqual(out, f"{certificate_of(self.first).serial} Edge-1\n")
        self.assertEqual(err, "Revoked 1 certificate of 1 edge.\n")
        self.assertEqual(certificate_of(self.first).revocation_reason, "keyCompromise")
        self.assertEqual(AuditEvent.objects.get(action="edge.revoked").interface, "command")

    def test_a_serial_is_read_as_openssl_and_the_pages_print_it(self) -> None:
        serial = certificate_of(self.second).serial.upper()
        self.revoke("--serial", "00:" + ":".join(serial[at : at + 2] for at in range(0, len(serial), 2)))
        self.assertEqual(self.revoked(), {"Edge-2"})

    def test_a_key_by_its_name_however_it_is_written(self) -> None:
        out, _ = self.revoke("--key", " EDGE ")
        self.assertEqual(len(out.splitlines()), 2)
        self.assertEqual(self.revoked(), {"Edge-1", "Edge-2"})

    def test_a_deleted_keys_edges_by_the_name_it_had(self) -> None:
        delete_key(self.key, actor=ACTOR)
        self.revoke("--key", "Edge")
        self.assertEqual(self.revoked(), {"Edge-1", "Edge-2"})
        event = AuditEvent.objects.get(action="key.edges_revoked")
        self.assertEqual((event.object_id, event.object_name), ("", "Edge"))

    def test_a_new_key_of_the_name_of_a_deleted_one_does_not_stand_for_it(self) -> None:
        delete_key(self.key, actor=ACTOR)
        make_key("Edge")
        out, err = self.revoke("--key", "Edge")
        self.assertEqual((out, err), ("", "Nothing was left to revoke.\n"))
        self.assertEqual(self.revoked(), set())

    def test_two_deleted_keys_of_one_name_are_not_guessed_at(self) -> None:
        delete_key(self.key, actor=ACTOR)
        second, text = make_key("Edge")
        self.enroll(text)
        delete_key(second, actor=ACTOR)
        with self.assertRaisesMessage(CommandError, "2 deleted keys had this name"):
            self.revoke("--key", "Edge")

    def test_again_is_no_error_and_prints_nothing(self) -> None:
        self.revoke("--edge", str(self.first.edge_uuid))
        out, err = self.revoke("--edge", str(self.first.edge_uuid))
        self.assertEqual((out, err), ("", "Nothing was left to revoke.\n"))

    def test_what_is_not_there_exits_1_and_what_is_not_understood_exits_2(self) -> None:
        for arguments, code in (
            (("--edge", UNKNOWN), 1), (("--serial", "abcdef"), 1), (("--key", "nobody"), 1), (("--key", ""), 1),
            (("--edge", "7"), 2), (("--serial", "xyz"), 2), ((), 2), (("--key", "Edge", "--serial", "1"), 2),
            (("--key", "Edge", "--reason", "cACompromise"), 2),
        ):  # fmt: skip
            with self.subTest(arguments), self.assertRaises(CommandError) as raised:
                self.revoke(*arguments)
            # Django raises where the parser of the command line would exit with 2.
            self.assertEqual("Error:" in str(raised.exception), code == 2, str(raised.exception))
        self.assertEqual(self.revoked(), set())

    def test_a_list_that_cannot_be_built_is_said(self) -> None:
        with foreign_keyring(), self.assertLogs("enrollment.operations.revocation_lists", "ERROR"):
            _, err = self.revoke("--key", "Edge")
        self.assertIn("list of 'Service Edge' could not be built", err)
