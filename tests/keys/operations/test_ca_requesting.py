"""CAs that are requested here and signed elsewhere (D-09)."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from enrollment.operations import enroll
from keys import errors, operations
from keys.models import SigningCertificate
from keys.operations.signing_certificates import private_key_of
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.keys import authorities
from tests.keys.base import generated, requested


class RequestTest(PortalTestCase):
    def setUp(self) -> None:
        self.corporate = authorities.ca()
        self.record, self.request = requested()

    def complete(self, *given: authorities.CA, more: bytes = b"") -> None:
        operations.complete_certificate(self.record, b"".join(each.pem for each in given) + more, actor=ACTOR)
        self.record.refresh_from_db()

    def assert_fault(self, code: str, *given: authorities.CA, more: bytes = b"") -> None:
        with self.assertRaises(errors.BadCertificate) as refused:
            self.complete(*given, more=more)
        self.assertEqual(refused.exception.code, code)
        self.record.refresh_from_db()
        self.assertTrue(self.record.is_pending)
        self.assertEqual(SigningCertificate.objects.count(), 1)

    def test_a_request_asks_for_a_ca_and_is_pending(self) -> None:
        request = x509.load_pem_x509_csr(self.request)
        self.assertTrue(request.is_signature_valid)
        self.assertEqual(request.public_key(), private_key_of(self.record).public_key())
        self.assertTrue(request.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
        self.assertTrue(self.record.is_pending and not self.record.enabled)

    def test_a_pending_one_is_nobodys_choice(self) -> None:
        with self.assertRaises(errors.Invalid):
            factories.make_key("berlin", signing_certificate=self.record)
        key, _ = factories.make_key("oregon")
        key.signing_certificate = self.record
        with self.assertRaises(errors.Invalid) as refused:
            operations.edit_key(key, fields=["signing_certificate"], version=1, actor=ACTOR)
        self.assertEqual(refused.exception.field_name, "signing_certificate")
        with self.assertRaises(errors.Invalid):
            generated("Child", self.record)
        self.record.enabled = True
        with self.assertRaisesMessage(errors.Invalid, "Upload the signed certificate first"):
            operations.edit_certificate(self.record, fields=["enabled"], version=1, actor=ACTOR)

    def test_its_signed_certificate_completes_it(self) -> None:
        self.complete(authorities.sign(self.request, self.corporate), self.corporate)
        self.assertEqual((self.record.is_pending, self.record.enabled, self.record.request), (False, True, None))
        self.assertEqual((self.record.parent.name, self.record.version), ("Corporate Root", 2))
        _, text = factories.make_key("berlin", signing_certificate=self.record)
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        event = AuditEvent.objects.get(action="certificate.edited")
        self.assertEqual(
            (event.detail["source"], event.detail["serial"]), (["requested", "completed"], ["", self.record.serial])
        )

    def test_d09_a_certificate_for_another_request_is_refused(self) -> None:
        self.assert_fault("wrong_request", authorities.ca("Own", self.corporate), self.corporate)
        self.assert_fault("wrong_request", self.corporate)

    def test_d09_faults_of_a_signed_certificate(self) -> None:
        no_ca = x509.BasicConstraints(ca=False, path_length=None)
        self.assert_fault("not_a_ca", authorities.sign(self.request, self.corporate, constraints=no_ca), self.corporate)
        self.assert_fault(
            "certificate_expired", authorities.sign(self.request, self.corporate, days=(-9, -1)), self.corporate
        )
        self.assert_fault("chain_incomplete", authorities.sign(self.request, self.corporate))
        self.assert_fault("chain_broken", authorities.sign(self.request, self.corporate), authorities.ca())
        signed = authorities.sign(self.request, self.corporate)
        self.assert_fault("key_not_wanted", signed, self.corporate, more=self.corporate.key_pem)

    def test_one_that_no_verifier_accepts_edges_of_is_refused(self) -> None:
        foreign = x509.AuthorityKeyIdentifier(b"\1" * 20, None, None)
        signed = authorities.sign(self.request, self.corporate, no_issuer_identifier=True, more=((foreign, False),))
        self.assert_fault("issuer_key_differs", signed, self.corporate)
        twice = x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)
        odd = authorities.sign(self.request, self.corporate, more=((x509.CertificatePolicies([twice, twice]), False),))
        self.assert_fault("unverifiable", odd, self.corporate)

    def test_it_comes_in_any_form_and_with_an_old_root(self) -> None:
        old = authorities.ca("Corporate Root", key=self.corporate.key, days=(-99, -1))
        given = [authorities.sign(self.request, self.corporate), old, self.corporate]
        bundle = pkcs7.serialize_certificates([each.certificate for each in given], Encoding.DER)
        self.assertEqual(operations.complete_certificate(self.record, bundle, actor=ACTOR), [old.certificate])

    def test_it_is_completed_once(self) -> None:
        self.complete(authorities.sign(self.request, self.corporate), self.corporate)
        with self.assertRaises(errors.AlreadyComplete):
            self.complete(authorities.sign(self.request, self.corporate), self.corporate)

    def test_a_pending_one_can_be_deleted(self) -> None:
        operations.delete_certificate(self.record, actor=ACTOR)
        self.assertFalse(SigningCertificate.objects.exists())
