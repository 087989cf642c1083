"""The page of a signing certificate."""

from __future__ import annotations

import ssl

from django.db import connection
from django.test.utils import CaptureQueriesContext

from keys.models import SigningCertificate
from portal import triggers
from tests.base import PortalTestCase
from tests.factories import make_key, signing_certificate
from tests.support.html import links, texts, the

LIST = "/enrollment-certificates/"


class CertificateDetail(PortalTestCase):
    def setUp(self):
        self.certificate = signing_certificate()
        self.address = f"{LIST}{self.certificate.pk}/"
        self.sign_in("vic")

    def test_it_shows_what_an_administrator_compares(self):
        page = self.client.get(self.address)
        fingerprint = self.certificate.fingerprint.upper()
        self.assertContains(page, ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)))
        for text in ("CN=Service Edge", "CN=Root", "EC P-256", "Valid from", "Valid until", "Serial number"):
            self.assertContains(page, text)
        self.assertContains(page, ssl.DER_cert_to_PEM_cert(bytes(self.certificate.der)))
        parent = SigningCertificate.objects.get(name="Root")
        self.assertContains(page, f'<a href="{LIST}{parent.pk}/"><bdi>Root</bdi></a>')

    def test_it_lists_the_first_twenty_keys_that_use_it(self):
        for number in range(21):
            make_key(f"key {number:02}")
        page = self.client.get(self.address)
        self.assertContains(page, '<span class="muted">21</span>')
        self.assertContains(page, "key 19")
        self.assertNotContains(page, "key 20")

    def test_it_says_whether_verifiers_accept_it_even_of_a_damaged_row(self):
        def verdict():
            return texts(self.client.get(self.address), ".verdict")[0]

        self.assertTrue(verdict().startswith("Will verifiers accept it? Yes As far as its chain shows"), verdict())
        triggers.drop_all()
        for der in (b"", b"\x30\x03\x02\x01\x01", bytes(self.certificate.der)[:-40]):
            SigningCertificate.objects.filter(pk=self.certificate.pk).update(der=der)
            wanted = "Will verifiers accept it? Not all of them It, or a certificate above it, cannot be read"
            self.assertTrue(verdict().startswith(wanted), verdict())

    def test_a_certificate_without_keys_says_so(self):
        self.assertContains(self.client.get(self.address), "Not used")

    def test_the_private_key_is_never_read(self):
        with CaptureQueriesContext(connection) as captured:
            self.client.get(self.address)
        self.assertNotIn("sealed_private_key", " ".join(query["sql"] for query in captured.captured_queries))

    def test_a_certificate_that_does_not_exist_is_404(self):
        for pk in ("0", "999999", "9" * 30):
            self.assertEqual(self.client.get(f"{LIST}{pk}/").status_code, 404)

    def test_the_chain_goes_from_the_root_to_this_one_and_shows_those_below_it(self):
        root = SigningCertificate.objects.get(name="Root")
        page = self.client.get(self.address)
        self.assertEqual(texts(page, ".chain > li"), ["Root Root", "Service Edge This certificate"])
        self.assertEqual(links(page, ".chain a"), [root.get_absolute_url()])
        page = self.client.get(root.get_absolute_url())
        self.assertEqual(texts(page, ".chain ul a"), ["Client", "Connector", "Service Edge"])
        self.assertEqual(links(page, ".chain a")[-1], self.address)

    def test_its_pem_is_copied_and_downloaded(self):
        page = self.client.get(self.address)
        button = the(page, "button[data-copy-text]")
        self.assertEqual(
            the(page, f"#{button['data-copy-text']}").get_text(), ssl.DER_cert_to_PEM_cert(bytes(self.certificate.der))
        )
        (address,) = links(page, "#pem-title + .actions-line a")
        self.assertEqual(self.client.get(address)["Content-Type"], "application/x-pem-file")
