"""The list of signing certificates."""

from __future__ import annotations

from datetime import timedelta
from unittest import skipUnless
from unittest.mock import patch

import time_machine
from cryptography import x509
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import renew, revoke_edge
from keys.models import ProvisioningKey, SigningCertificate
from keys.pages import certificate_list
from portal.lists.written import Written
from tests.base import PortalTestCase
from tests.enrollment.base import EnrollmentTestCase
from tests.factories import ACTOR, EDGE, make_csr, make_key, make_managed, signing_certificate
from tests.keys.base import generated, requested
from tests.keys.pages.base import CertificatePageTestCase, names
from tests.support.html import parsed, texts, the, words

LIST = "/enrollment-certificates/"


class CertificateList(PortalTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.certificate = signing_certificate()

    def setUp(self):
        self.sign_in("vic")

    def test_it_names_all_certificates_and_their_parents(self):
        page = self.client.get(LIST)
        self.assertEqual(names(page), ["Root", "Client", "Connector", "Service Edge"])
        self.assertEqual(texts(page, "thead th"), ["Details", "Name", "Used by", "Expires in", "Key type", "State"])
        self.assertContains(page, "Managed by Zscaler", count=4)
        subject = texts(page, f"#d-{self.certificate.pk} .attributes")[0]
        self.assertTrue(subject.startswith("CN=Service Edge OU=Private Access O="), subject)

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
        self.assertEqual(texts(self.client.get(self.certificate.get_absolute_url()), ".badge:not(.quiet)"), [])

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
        self.assertEqual(texts(page, f".row:has(#n-{record.pk}) .state"), ["Pending"])
        self.assertContains(self.client.get(f"{LIST}{record.pk}/"), "have its CSR signed by your CA")

    def test_a_pending_one_is_nowhere_else(self):
        record, _ = requested("A pending one")
        self.assertEqual(self.client.get(f"/pki/{record.pk}.crl").status_code, 404)
        self.assertEqual(self.client.get(f"/pki/{record.pk}.cer").status_code, 404)
        self.assertEqual(self.client.get(f"/.well-known/est/{record.pk}/cacerts").status_code, 404)
        self.assertEqual(self.client.get("/.well-known/est/cacerts").status_code, 404)
        self.assertNotContains(self.client.get("/service-edge-keys/add/"), "A pending one")
        self.assertNotContains(self.client.get("/service-edge-keys/?q=x"), "A pending one")

    def test_a_certificate_links_the_keys_that_use_it(self):
        record = generated("Own")
        for name in ("one", "two"):
            make_key(name, signing_certificate=record)
        row = the(self.client.get(LIST), f".row:has(#n-{record.pk})")
        self.assertEqual([words(each) for each in row.select(".used-by > *")], ["2 keys of Own"])
        self.assertEqual(row.select_one(".used-by a")["href"], f"/service-edge-keys/?cert={record.pk}")
        self.assertContains(self.client.get(record.get_absolute_url()), f'href="/service-edge-keys/?cert={record.pk}"')

    def test_a_row_counts_up_to_its_limit_and_the_list_behind_it_further(self):
        record = generated("Own")
        for name in ("one", "two", "three"):
            make_key(name, signing_certificate=record)
        beside = Written(SigningCertificate, certificate_list._beside_certificates, moments=1)
        with (
            patch.object(certificate_list, "IN_A_ROW", 2),
            patch.object(certificate_list, "_BESIDE_CERTIFICATES", beside),
        ):
            row = the(self.client.get(LIST), f".row:has(#n-{record.pk})")
        self.assertEqual(words(row.select_one(".used-by")), "2+ keys of Own")
        self.assertEqual(texts(self.client.get(row.select_one(".used-by a")["href"]), ".count")[0], "3 of 3 keys")

    def test_another_root_than_most_is_warned_of(self):
        signing_certificate()
        record = generated("Own")
        self.assertEqual(texts(self.client.get(LIST), ".badge.warning"), ["Different root"])
        (notice,) = texts(self.client.get(record.get_absolute_url()), ".notice")
        self.assertTrue(notice.startswith("Uses a different root than your other certificates."), notice)
        self.assertEqual(texts(self.client.get(signing_certificate().get_absolute_url()), ".notice"), [])

    def test_in_the_tree_the_highest_one_of_a_different_root_has_the_badge_for_all_below_it(self):
        signing_certificate()
        make_managed(
            certificates=[
                {"name": "Main", "years": 1, "parent": "Root"},
                {"name": "Other root", "years": 1},
                {"name": "Below", "years": 1, "parent": "Other root"},
                {"name": "Beside", "years": 1, "parent": "Other root"},
            ]
        )
        marked = ".row:has(.badge.warning) > th > a"
        for address, expected in (
            (LIST, ["Other root"]),
            (f"{LIST}?sort=-name", ["Other root", "Beside", "Below"]),
            (f"{LIST}?q=Below", ["Below"]),
        ):
            with self.subTest(address):
                self.assertEqual(texts(self.client.get(address), marked), expected)

    def test_viewers_look_and_download_but_change_nothing(self):
        record = generated("Own")
        self.sign_in("vic")
        page = self.client.get(f"{LIST}?expand=all")
        self.assertContains(page, "Download certificate")
        for text in ("Add certificate", "Edit certificate", "Delete certificate", "Replace on keys"):
            self.assertNotContains(page, text)
        pem = self.client.get(f"{LIST}{record.pk}/certificate.pem")
        self.assertEqual(x509.load_pem_x509_certificate(pem.content).serial_number, int(record.serial, 16))


class TreeTest(CertificatePageTestCase):
    @classmethod
    def setUpTestData(cls):
        signing_certificate()
        cls.zoo = generated("Zoo")
        cls.ant = generated("Ant", cls.zoo)

    def shown(self, query=""):
        """Depth, name, and the parent that is named for the eye."""
        return [
            (
                row.get("data-depth", "0"),
                words(row.select_one("th > a")),
                [words(each) for each in row.select(".below")],
            )
            for row in parsed(self.client.get(LIST + query)).select("tr.row")
        ]

    def test_it_is_a_tree_by_name_and_each_row_names_its_parent_to_those_who_do_not_see_it(self):
        self.assertEqual(
            [(depth, name) for depth, name, _ in self.shown()],
            [("0", "Root"), ("1", "Client"), ("1", "Connector"), ("1", "Service Edge"), ("0", "Zoo"), ("1", "Ant")],
        )
        self.assertEqual({named for *_, names in self.shown() for named in names}, set())
        hidden = the(self.client.get(LIST), f"th:has(#n-{self.ant.pk}) .sr-only")
        # No link: a key press would lead to what nobody sees.
        self.assertEqual((words(hidden), hidden.select("a")), ("below Zoo", []))

    def test_in_another_order_or_filtered_it_is_flat_and_names_parents(self):
        flat = [("0", "Zoo", []), ("0", "Service Edge", ["below Root"]), ("0", "Root", [])]
        self.assertEqual(self.shown("?sort=-name")[:3], flat)
        for query, first in (
            ("?sort=expires", ("0", "Zoo", [])),
            ("?sort=name&q=a", ("0", "Ant", ["below Zoo"])),
            ("?state=signs", ("0", "Ant", ["below Zoo"])),
            ("?sort=key_type", ("0", "Root", [])),
        ):
            self.assertEqual(self.shown(query)[0], first, query)

    def test_the_first_row_of_a_page_names_the_parent_on_the_page_before(self):
        with patch("portal.lists.state.PER_PAGE", (5, 100)):
            self.assertEqual(self.shown("?page=2"), [("1", "Ant", ["below Zoo"])])


class UseTest(EnrollmentTestCase):
    """Keys and edges that use a certificate, and the lists that show them."""

    def setUp(self):
        super().setUp()
        self.certificate = self.key.signing_certificate
        for _ in range(2):
            self.enroll(self.text)
        self.sign_in("ada")

    def used_by(self, address=LIST):
        (found,) = parsed(self.client.get(address)).select(
            f".row:has(#n-{self.certificate.pk}) .used-by, .summary .used-by"
        )
        return {next(each.stripped_strings): each["href"] for each in found.select("a")}

    def test_each_number_is_that_of_the_list_it_links(self):
        edge = ServiceEdge.objects.first()
        held = edge.certificates.get()
        with time_machine.travel(held.not_after - timedelta(days=5)):
            # Renewed: two certificates in force, one edge. Not signed in there, for the session has ended.
            renew(held, make_csr(), caller=EDGE)
            self.sign_in("ada")
            for address in (LIST, self.certificate.get_absolute_url()):
                used = self.used_by(address)
                for number, (text, url) in zip(("1", "2"), used.items(), strict=True):
                    self.assertTrue(text.startswith(number), used)
                    self.assertTrue(texts(self.client.get(url), ".count")[0].startswith(f"{number} of "), url)

    def test_revoked_edges_do_not_use_it(self):
        for edge in ServiceEdge.objects.all():
            revoke_edge(edge, reason="superseded", actor=ACTOR)
        self.assertEqual(list(self.used_by()), ["1 key"])
        edges = self.client.get(f"/service-edges/?cert={self.certificate.pk}")
        self.assertEqual(texts(edges, ".count"), ["0 of 2 edges"])

    def test_who_may_not_view_keys_and_edges_gets_numbers_without_links(self):
        user = self.sign_in("nora")
        user.user_permissions.add(Permission.objects.get(codename="view_signingcertificate"))
        self.assertEqual(self.used_by(), {})
        self.assertIn("1 key 2 edges", texts(self.client.get(LIST), ".used-by"))

    def test_pages_take_at_most_five_queries_whatever_the_tree(self):
        parent = generated("Own root")
        for number in range(5):
            generated(f"Own {number}", parent)
            make_key(signing_certificate=self.certificate)
        pages = [each.get_absolute_url() for each in (self.certificate, parent)]
        for address in (f"{LIST}?expand=all", f"{LIST}?q=o&sort=-expires", *pages):
            self.client.get(address)
            with CaptureQueriesContext(connection) as captured:
                self.client.get(address)
            sql = [each["sql"] for each in captured.captured_queries]
            own = [each for each in sql if "django_session" not in each and "auth_" not in each]
            self.assertLessEqual(len(own), 5, own)

    @skipUnless(connection.vendor == "postgresql", "SQLite finds all that equals a value by an index")
    def test_a_certificate_that_issued_none_does_not_make_the_page_read_what_others_issued(self):
        one = IssuedCertificate.objects.latest("id")
        IssuedCertificate.objects.bulk_create(
            IssuedCertificate(
                edge=one.edge, issuer=one.issuer, serial=f"{number:x}", spki_sha256=f"{number:x}", fingerprint=number,
                der=one.der, not_before=one.not_before, not_after=one.not_after, issued_at=one.issued_at,
            )
            for number in range(300)
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE enrollment_issuedcertificate")
            with CaptureQueriesContext(connection) as captured:
                self.client.get(LIST)
            (sql,) = (each["sql"] for each in captured if "is_needed" in each["sql"])
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        self.assertIn("Scan using issued_by_issuer_and_edge", plan)

    def test_only_what_applies_is_offered(self):
        unused = generated("Unused")
        for address, wanted in (
            (
                self.certificate.get_absolute_url(),
                {"Replace Service Edge on its keys", "Download certificate Service Edge"},
            ),
            (
                unused.get_absolute_url(),
                {"Edit certificate Unused", "Delete certificate Unused", "Download certificate Unused"},
            ),
        ):
            found = {
                each["aria-label"] for each in parsed(self.client.get(address)).select(".actions-line a[aria-label]")
            }
            self.assertEqual(found, wanted)
        make_key("one", signing_certificate=unused)
        page = self.client.get(f"{LIST}?expand={unused.pk}")
        self.assertNotContains(page, "Delete certificate Unused")
        self.assertContains(page, "Replace Unused on its keys")
