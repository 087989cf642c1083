"""`manage.py build_crls`: the file, the output and the exit code."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from pathlib import Path

from cryptography import x509
from django.core.management import CommandError, call_command

from enrollment.models import RevocationList
from keys.models import SigningCertificate
from tests.enrollment.base import make_issuer
from tests.enrollment.operations.test_revoking import foreign_keyring
from tests.enrollment.revocation import RevocationTestCase, fetch, openssl_verdict, serials


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
