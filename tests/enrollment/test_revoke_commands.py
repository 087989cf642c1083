"""`manage.py revoke` and `build_crls`: what they print, write and exit with."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from pathlib import Path

from cryptography import x509
from django.core.management import CommandError, call_command

from enrollment.models import IssuedCertificate, RevocationList
from keys.models import SigningCertificate
from keys.operations import delete_key
from portal.models import AuditEvent
from tests.enrollment.base import make_issuer
from tests.enrollment.revoking import RevocationTestCase, certificate_of, fetch, openssl_verdict, serials
from tests.enrollment.test_revocation import foreign_keyring
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
        self.assertEqual(err, "Revoked 1 certificate(s) of 1 edge(s).\n")
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


class BuildTests(RevocationTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.file = Path(self.enterContext(tempfile.TemporaryDirectory())) / "crls.pem"

    def build(self, *arguments: str) -> str:
        err = io.StringIO()
        call_command("build_crls", *(arguments or ("--pem", str(self.file))), stderr=err)
        return err.getvalue()

    def lists(self) -> list[x509.CertificateRevocationList]:
        mark = b"-----END X509 CRL-----\n"
        parts = self.file.read_bytes().split(mark)
        self.assertEqual(parts[-1], b"")
        return [x509.load_pem_x509_crl(part + mark) for part in parts[:-1]]

    def test_t17_the_file_holds_one_list_for_each_ca_and_openssl_acts_on_it(self) -> None:
        self.build()
        self.assertEqual(len(self.lists()), SigningCertificate.objects.count())
        root = SigningCertificate.objects.get(name="Root")
        self.assertIn(x509.load_der_x509_certificate(bytes(root.der)).subject, [each.issuer for each in self.lists()])
        self.assertEqual(openssl_verdict(self.first, self.lists()), "OK")
        call_command("revoke", "--edge", str(self.first.edge_uuid), stdout=io.StringIO(), stderr=io.StringIO())
        self.assertIn("written", self.build())
        self.assertIn("certificate revoked", openssl_verdict(self.first, self.lists()))
        self.assertEqual(openssl_verdict(self.second, self.lists()), "OK")

    def test_without_news_the_file_is_left_alone(self) -> None:
        self.build()
        before = self.file.stat()
        self.assertIn("is current", self.build())
        self.assertEqual((self.file.stat().st_ino, self.file.stat().st_mtime_ns), (before.st_ino, before.st_mtime_ns))

    def test_it_is_replaced_in_one_step_and_readable_by_nginx(self) -> None:
        self.file.write_text("what was there before")
        self.file.chmod(0o600)
        inode = self.file.stat().st_ino
        self.build()
        self.assertNotEqual(self.file.stat().st_ino, inode)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o644)
        self.assertEqual(os.listdir(self.file.parent), ["crls.pem"])

    def test_without_a_file_the_lists_are_built(self) -> None:
        self.build("--verbosity", "1")
        self.assertEqual(RevocationList.objects.count(), SigningCertificate.objects.count())

    def test_a_list_that_cannot_be_built_exits_1_and_the_newest_there_is_stays_in_the_file(self) -> None:
        self.build()
        known = self.file.read_bytes()
        with foreign_keyring(), self.assertLogs("enrollment.operations.revocation_lists", "ERROR"):
            call_command("revoke", "--key", "Edge", stdout=io.StringIO(), stderr=io.StringIO())
            with self.assertRaisesMessage(CommandError, "Not current: Service Edge."):
                self.build()
        self.assertEqual(self.file.read_bytes(), known)
        self.build()
        self.assertEqual(len(serials(fetch(self.issuer))), 2)
        self.assertNotEqual(self.file.read_bytes(), known)

    def test_an_issuer_whose_key_is_elsewhere_is_noted_and_is_no_failure(self) -> None:
        foreign = make_issuer("Foreign")
        SigningCertificate.objects.filter(pk=foreign.pk).update(sealed_private_key=None, sealed_with=None)
        self.assertIn("The list of 'Foreign' is not made here", self.build())
        self.assertEqual(len(self.lists()), SigningCertificate.objects.count() - 1)

    def test_a_place_that_cannot_be_written_exits_1(self) -> None:
        with self.assertRaisesMessage(CommandError, "cannot be written"):
            self.build("--pem", str(self.file.parent / "nowhere" / "crls.pem"))
