"""`/pki/`: revocation lists and certificates, as every relying party fetches them."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import Client

from enrollment import operations
from enrollment.models import RevocationList
from keys.models import SigningCertificate
from tests.enrollment.base import make_issuer
from tests.enrollment.operations.test_revoking import foreign_keyring
from tests.enrollment.revocation import (
    RevocationTestCase,
    address,
    fetch,
)
from tests.factories import ACTOR, signing_certificate


class AddressTests(RevocationTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.plain = Client()
        self.crl, self.cer = address(self.issuer), f"/pki/{self.issuer.pk}.cer"

    def test_both_are_der_public_cacheable_and_touch_no_session(self) -> None:
        for path, kind, age in ((self.crl, "application/pkix-crl", 30), (self.cer, "application/pkix-cert", 3600)):
            response = self.plain.get(path)
            self.assertEqual((response.status_code, response["Content-Type"]), (200, kind))
            self.assertEqual(response["Cache-Control"], f"public, max-age={age}")
            self.assertEqual((dict(response.cookies), response.headers.get("Vary")), ({}, None))
        self.assertEqual(self.plain.get(self.cer).content, bytes(self.issuer.der))

    def test_the_address_in_the_certificate_leads_to_the_list(self) -> None:
        certificate = x509.load_pem_x509_certificate(self.first.certificate.encode())
        (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        self.assertEqual(point.full_name[0].value, f"http://portal.example.com{self.crl}")

    def test_who_holds_the_newest_is_told_so_without_it(self) -> None:
        for path in (self.crl, self.cer):
            held = self.plain.get(path)
            again = self.plain.get(path, headers={"If-None-Match": held["ETag"]})
            self.assertEqual((again.status_code, again.content), (304, b""))
            self.assertEqual((again["ETag"], again["Cache-Control"]), (held["ETag"], held["Cache-Control"]))
            self.assertEqual(self.plain.get(path, headers={"If-None-Match": '"0"'}).status_code, 200)

    def test_d04_a_revocation_changes_the_etag(self) -> None:
        held = self.plain.get(self.crl)["ETag"]
        operations.revoke_edge(self.edge, reason="unspecified", actor=ACTOR)
        self.assertEqual(self.plain.get(self.crl, headers={"If-None-Match": held}).status_code, 200)

    def test_head_answers_as_get_without_a_body(self) -> None:
        for path in (self.crl, self.cer):
            get, head = self.plain.get(path), self.plain.head(path)
            self.assertEqual((head.status_code, head.content), (200, b""))
            self.assertEqual([head[name] for name in ("ETag", "Content-Type")], [get["ETag"], get["Content-Type"]])
            self.assertEqual(self.plain.post(path).status_code, 405)

    def test_an_unknown_issuer_is_a_plain_404(self) -> None:
        for issuer_id in (0, 999_999, 10**30):
            for kind in ("crl", "cer"):
                response = self.plain.get(f"/pki/{issuer_id}.{kind}")
                self.assertEqual((response.status_code, response["Content-Type"]), (404, "text/plain"))

    def test_the_list_of_a_vendors_certificate_is_made_here_too(self) -> None:
        root = signing_certificate("Root")
        self.assertTrue(root.managed)
        self.assertEqual(len(fetch(root)), 0)

    def test_a_list_that_cannot_be_made_is_503_and_not_tried_at_each_request(self) -> None:
        with foreign_keyring():
            with self.assertLogs("enrollment.operations.revocation_lists", "ERROR") as logged:
                responses = [self.plain.get(self.crl) for _ in range(3)]
            self.assertEqual({(r.status_code, r["Retry-After"]) for r in responses}, {(503, "30")})
            self.assertEqual(len(logged.records), 1)
        self.assertEqual(self.plain.get(self.crl).status_code, 200)

    def test_a_list_that_cannot_be_renewed_is_given_out_and_tried_once_in_a_while(self) -> None:
        fetch(self.issuer)
        with foreign_keyring(), self.assertLogs("enrollment.operations.revocation_lists", "ERROR") as logged:
            operations.revoke_edge(self.edge, reason="unspecified", actor=ACTOR)
            self.assertEqual({self.plain.get(self.crl).status_code for _ in range(5)}, {200})
            self.assertEqual(len(logged.records), 2, "by the revocation, and by one of the requests")

    def test_the_lists_of_an_issuer_without_key_are_made_elsewhere(self) -> None:
        foreign = make_issuer("Foreign")
        SigningCertificate.objects.filter(pk=foreign.pk).update(sealed_private_key=None, sealed_with=None)
        self.assertContains(self.plain.get(address(foreign)), "made elsewhere", status_code=404)

    def test_a_request_for_a_current_list_costs_three_queries(self) -> None:
        fetch(self.issuer)
        with self.assertNumQueries(3):
            self.plain.get(self.crl)

    def test_it_is_what_the_database_holds(self) -> None:
        listed = fetch(self.issuer).public_bytes(Encoding.DER)
        self.assertEqual(bytes(RevocationList.objects.get(issuer=self.issuer).der), listed)
