"""Enrollment certificates: list and page."""

from __future__ import annotations

import ssl

from django.db import connection
from django.test.utils import CaptureQueriesContext

from keys.models import SigningCertificate
from portal import triggers
from tests.base import PortalTestCase
from tests.factories import make_key, make_managed, signing_certificate
from tests.keys.pages.base import names
from tests.support.html import parsed, words

LIST = "/enrollment-certificates/"


class CertificateList(PortalTestCase):
    def setUp(self):
        self.certificate = signing_certificate()
        self.sign_in("vic")

    def test_it_names_all_certificates_and_their_parents(self):
        page = self.client.get(LIST)
        self.assertEqual(names(page), ["Client", "Connector", "Root", "Service Edge"])
        for text in (
            "Issued By",
            "Issued To",
            "Common Name",
            "CN=Service Edge, OU=Private Access",
            "Managed by Zscaler",
        ):
            self.assertContains(page, text)

    def test_it_sorts_and_survives_nonsense(self):
        self.assertEqual(names(self.client.get(f"{LIST}?sort=-name"))[0], "Service Edge")
        self.assertEqual(names(self.client.get(f"{LIST}?sort=-expires"))[0], "Root")
        self.assertEqual(self.client.get(f"{LIST}?sort=uses&page=0&per_page=-1&after=x").status_code, 200)

    def test_it_reads_no_key_material_and_few_queries(self):
        with CaptureQueriesContext(connection) as captured:
            self.client.get(LIST)
        self.assertLessEqual(len(captured), 4 + 4)
        for query in captured.captured_queries:
            self.assertNotIn("sealed_private_key", query["sql"])

    def test_f46_the_end_of_a_certificate_is_a_badge_of_words_and_a_shape(self):
        """Whoever sees no colors reads the words and tells the shapes apart."""
        ends = {
            "Ended": (0, "danger", "circle-alert", "Expired"),
            "This week": (5, "warning", "triangle-alert", "Expires in 4 days"),
            "This month": (20, "info", "info", "Expires in 19 days"),
        }
        make_managed(
            certificates=[{"name": name, "years": days / 365.25, "parent": "Root"} for name, (days, *_) in ends.items()]
        )
        for name, (_, tone, icon, said) in ends.items():
            certificate = SigningCertificate.objects.get(name=name)
            key, _text = make_key(f"of {name}", signing_certificate=certificate)
            addresses = (LIST, certificate.get_absolute_url(), "/service-edge-keys/?expand=all", key.get_absolute_url())
            for address in addresses:
                with self.subTest(name=name, address=address):
                    (badge,) = (
                        each
                        for each in parsed(self.client.get(address)).select(f"time.badge.{tone}[datetime][title]")
                        if words(each) == said
                    )
                    self.assertEqual(badge.select_one("svg use")["href"].partition("#")[2], icon)
        self.assertNotContains(self.client.get(self.certificate.get_absolute_url()), "Expire")

    def test_who_may_not_view_certificates_is_refused(self):
        self.sign_in("nora")
        self.assertEqual(self.client.get(LIST).status_code, 403)
        self.assertEqual(self.client.get(f"{LIST}{self.certificate.pk}/").status_code, 403)


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
        self.assertContains(self.client.get(self.address), "Yes, as far as its chain shows")
        triggers.drop_all()
        for der in (b"", b"\x30\x03\x02\x01\x01", bytes(self.certificate.der)[:-40]):
            SigningCertificate.objects.filter(pk=self.certificate.pk).update(der=der)
            self.assertContains(
                self.client.get(self.address), "Not all of them. It, or a certificate above it, cannot be read"
            )

    def test_a_certificate_without_keys_says_so(self):
        self.assertContains(self.client.get(self.address), "No key uses this certificate.")

    def test_the_private_key_is_never_read(self):
        with CaptureQueriesContext(connection) as captured:
            self.client.get(self.address)
        self.assertNotIn("sealed_private_key", " ".join(query["sql"] for query in captured.captured_queries))

    def test_a_certificate_that_does_not_exist_is_404(self):
        for pk in ("0", "999999", "9" * 30):
            self.assertEqual(self.client.get(f"{LIST}{pk}/").status_code, 404)
