"""The list of signing certificates."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from cryptography import x509
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from keys.models import ProvisioningKey, SigningCertificate
from tests.base import PortalTestCase
from tests.factories import make_key, make_managed, signing_certificate
from tests.keys.base import generated, requested
from tests.keys.pages.base import CertificatePageTestCase, names
from tests.support.html import parsed, texts, the, words

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
            "Ended": (1, "danger", "circle-alert", "Expired"),
            "This week": (6, "warning", "triangle-alert", "Expires in 4 days"),
            "This month": (21, "info", "info", "Expires in 19 days"),
        }
        with time_machine.travel(timezone.now() - timedelta(days=1)):
            make_managed(
                certificates=[
                    {"name": name, "years": days / 365.25, "parent": "Root"} for name, (days, *_) in ends.items()
                ]
            )
            for certificate in SigningCertificate.objects.filter(name__in=ends):
                make_key(f"of {certificate.name}", signing_certificate=certificate)
        for name, (_, tone, icon, said) in ends.items():
            key = ProvisioningKey.objects.get(name=f"of {name}")
            certificate = key.signing_certificate
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


class ShownTest(CertificatePageTestCase):
    def test_pending_ones_are_shown_and_sort_behind_those_that_end(self):
        signing_certificate()
        record, _ = requested("A pending one")
        page = self.client.get(f"{LIST}?sort=expires")
        self.assertEqual(names(page)[-1], "A pending one")
        self.assertEqual(names(self.client.get(f"{LIST}?sort=-expires"))[0], "A pending one")
        self.assertContains(page, "Certificate pending")
        self.assertContains(self.client.get(f"{LIST}{record.pk}/"), "have its CSR signed by your CA")

    def test_a_pending_one_is_nowhere_else(self):
        record, _ = requested("A pending one")
        self.assertEqual(self.client.get(f"/pki/{record.pk}.crl").status_code, 404)
        self.assertEqual(self.client.get(f"/pki/{record.pk}.cer").status_code, 404)
        self.assertEqual(self.client.get(f"/.well-known/est/{record.pk}/cacerts").status_code, 404)
        self.assertEqual(self.client.get("/.well-known/est/cacerts").status_code, 404)
        self.assertNotContains(self.client.get("/service-edge-keys/add/"), "A pending one")
        self.assertNotContains(self.client.get("/service-edge-keys/?q=x"), "A pending one")

    def test_rows_say_how_many_keys_and_live_certificates_there_are(self):
        record = generated("Own")
        for name in ("one", "two"):
            make_key(name, signing_certificate=record)
        page = self.client.get(f"{LIST}?expand={record.pk}")
        link = the(page, f'tr.details a[href="/service-edge-keys/?cert={record.pk}"]')
        self.assertEqual((words(link), link["aria-label"]), ("2", "Keys that use Own: 2"))
        self.assertContains(self.client.get(record.get_absolute_url()), f'href="/service-edge-keys/?cert={record.pk}"')
        self.assertContains(page, "<dt>Live certificates</dt><dd>0</dd>")

    def test_another_root_than_most_is_warned_of(self):
        signing_certificate()
        record = generated("Own")
        self.assertEqual(texts(self.client.get(LIST), ".badge.warning"), ["Different root"])
        (notice,) = texts(self.client.get(record.get_absolute_url()), ".notice")
        self.assertTrue(notice.startswith("Uses a different root than your other certificates."), notice)
        self.assertEqual(texts(self.client.get(signing_certificate().get_absolute_url()), ".notice"), [])

    def test_viewers_look_and_download_but_change_nothing(self):
        record = generated("Own")
        self.sign_in("vic")
        page = self.client.get(f"{LIST}?expand=all")
        self.assertContains(page, "Download certificate")
        for text in ("Add certificate", "Edit certificate", "Delete certificate", "Replace on keys"):
            self.assertNotContains(page, text)
        pem = self.client.get(f"{LIST}{record.pk}/certificate.pem")
        self.assertEqual(x509.load_pem_x509_certificate(pem.content).serial_number, int(record.serial, 16))
