"""CAs of our own: generated, or requested here and signed elsewhere; moving keys between them (D-08, D-10)."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from django.utils import timezone

from enrollment.models import IssuedCertificate
from enrollment.operations import enroll, revoke_certificate
from keys import errors, operations
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations.signing_certificates import private_key_of
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.keys import forge


def generated(name: str = "Own", parent: SigningCertificate | None = None, **fields) -> SigningCertificate:
    record = SigningCertificate(name=name, parent=parent)
    operations.generate_certificate(record, **{"key_type": "EC P-256", "days": 365, **fields}, actor=ACTOR)
    return record


def requested(name: str = "Own") -> tuple[SigningCertificate, bytes]:
    record = SigningCertificate(name=name)
    operations.request_certificate(record, key_type="EC P-384", actor=ACTOR)
    return record, x509.load_der_x509_csr(bytes(record.request)).public_bytes(Encoding.PEM)


def extension(certificate: x509.Certificate, kind: type):
    return certificate.extensions.get_extension_for_class(kind)


class GenerateTest(PortalTestCase):
    def test_roots_and_intermediates_have_the_profile_of_a_ca(self) -> None:
        for key_type in ("EC P-256", "EC P-384", "RSA 3072", "RSA 4096"):
            root = generated(f"Root {key_type}", key_type=key_type)
            child = generated(f"Child {key_type}", root, key_type="EC P-256")
            above, below = (x509.load_der_x509_certificate(bytes(each.der)) for each in (root, child))
            below.verify_directly_issued_by(above)
            for certificate, depth in ((above, None), (below, 0)):
                constraints = extension(certificate, x509.BasicConstraints)
                self.assertEqual((constraints.critical, constraints.value.path_length), (True, depth))
                usage = extension(certificate, x509.KeyUsage)
                self.assertTrue(usage.critical and usage.value.key_cert_sign and usage.value.crl_sign)
                self.assertGreaterEqual(certificate.serial_number.bit_length(), 64)
            self.assertEqual(
                extension(below, x509.AuthorityKeyIdentifier).value.key_identifier,
                extension(above, x509.SubjectKeyIdentifier).value.digest,
            )
            self.assertEqual((root.key_type, child.parent), (key_type, root))

    def test_the_validity_lies_within_the_parents(self) -> None:
        record, request = requested("Middle")
        corporate = forge.ca()
        middle = forge.sign(request, corporate, days=(-0.1, 9))
        operations.complete_certificate(record, middle.pem + corporate.pem, actor=ACTOR)
        record.refresh_from_db()
        child = generated("Child", record, days=9999)
        self.assertEqual((child.not_before, child.not_after), (record.not_before, record.not_after))

    def test_a_parent_that_cannot_sign_now_is_refused(self) -> None:
        root = generated("Root")
        child = generated("Child", root)
        now = timezone.now()
        rows = SigningCertificate.objects.filter(pk=root.pk)
        for values in (
            {"enabled": False},
            {"not_after": now - timedelta(seconds=1)},
            {"not_before": now + timedelta(hours=1)},
            {"sealed_private_key": None, "sealed_with": None},
            {"sealed_private_key": b"broken"},
        ):
            kept = rows.values(*values).get()
            rows.update(**values)
            root.refresh_from_db()
            with self.subTest(values=values), self.assertRaises(errors.Invalid) as refused:
                generated("Another", root)
            self.assertEqual(refused.exception.field_name, "parent")
            rows.update(**kept)
        with self.assertRaisesMessage(errors.Invalid, "pathlen is 0"):
            generated("Grandchild", child)

    def test_a_parent_below_which_no_verifier_accepts_anything_is_refused_at_both_doors(self) -> None:
        """Uploaded before uploads were tried: its root allows one CA below it, and this would be the second."""
        root = forge.ca(constraints=x509.BasicConstraints(ca=True, path_length=1))
        middle = forge.ca("Middle", root)
        record = SigningCertificate(name="Middle")
        operations.upload_chain(record, middle.pem + root.pem, private_key_pem=middle.key_pem, actor=ACTOR)
        with self.assertRaisesMessage(errors.Invalid, "No CA below “Middle” works") as refused:
            generated("Child", record)
        self.assertEqual(refused.exception.field_name, "parent")
        with self.assertRaisesMessage(errors.Invalid, "path length constraint exceeded"):
            factories.make_managed(certificates=[{"name": "Child", "years": 1, "parent": "Middle"}])
        self.assertFalse(SigningCertificate.objects.filter(name="Child").exists())

    def test_a_name_too_long_for_a_common_name_is_refused(self) -> None:
        for name in ("x" * 65, "ä" * 33):
            for act in (generated, requested):
                with self.assertRaisesMessage(errors.Invalid, "64 bytes"):
                    act(name)
        generated("ä" * 32)

    def test_what_is_made_signs_edges(self) -> None:
        key, text = factories.make_key("berlin", signing_certificate=generated("Child", generated("Root")))
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        self.assertEqual(IssuedCertificate.objects.get().issuer, key.signing_certificate)


class RequestTest(PortalTestCase):
    def setUp(self) -> None:
        self.corporate = forge.ca()
        self.record, self.request = requested()

    def complete(self, *given: forge.CA, more: bytes = b"") -> None:
        operations.complete_certificate(self.record, b"".join(each.pem for each in given) + more, actor=ACTOR)
        self.record.refresh_from_db()

    def assert_fault(self, code: str, *given: forge.CA, more: bytes = b"") -> None:
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
        self.assertTrue(extension(request, x509.BasicConstraints).value.ca)
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
        self.complete(forge.sign(self.request, self.corporate), self.corporate)
        self.assertEqual((self.record.is_pending, self.record.enabled, self.record.request), (False, True, None))
        self.assertEqual((self.record.parent.name, self.record.version), ("Corporate Root", 2))
        _, text = factories.make_key("berlin", signing_certificate=self.record)
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        event = AuditEvent.objects.get(action="certificate.edited")
        self.assertEqual((event.detail["source"], event.detail["serial"]), ("completed", self.record.serial))

    def test_d09_a_certificate_for_another_request_is_refused(self) -> None:
        self.assert_fault("wrong_request", forge.ca("Own", self.corporate), self.corporate)
        self.assert_fault("wrong_request", self.corporate)

    def test_d09_faults_of_a_signed_certificate(self) -> None:
        no_ca = x509.BasicConstraints(ca=False, path_length=None)
        self.assert_fault("not_a_ca", forge.sign(self.request, self.corporate, constraints=no_ca), self.corporate)
        self.assert_fault(
            "certificate_expired", forge.sign(self.request, self.corporate, days=(-9, -1)), self.corporate
        )
        self.assert_fault("chain_incomplete", forge.sign(self.request, self.corporate))
        self.assert_fault("chain_broken", forge.sign(self.request, self.corporate), forge.ca())
        signed = forge.sign(self.request, self.corporate)
        self.assert_fault("key_not_wanted", signed, self.corporate, more=self.corporate.key_pem)

    def test_one_that_no_verifier_accepts_edges_of_is_refused(self) -> None:
        foreign = x509.AuthorityKeyIdentifier(b"\1" * 20, None, None)
        signed = forge.sign(self.request, self.corporate, no_issuer_identifier=True, more=((foreign, False),))
        self.assert_fault("issuer_key_differs", signed, self.corporate)
        twice = x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)
        odd = forge.sign(self.request, self.corporate, more=((x509.CertificatePolicies([twice, twice]), False),))
        self.assert_fault("unverifiable", odd, self.corporate)

    def test_it_comes_in_any_form_and_with_an_old_root(self) -> None:
        old = forge.ca("Corporate Root", key=self.corporate.key, days=(-99, -1))
        given = [forge.sign(self.request, self.corporate), old, self.corporate]
        bundle = pkcs7.serialize_certificates([each.certificate for each in given], Encoding.DER)
        self.assertEqual(operations.complete_certificate(self.record, bundle, actor=ACTOR), [old.certificate])

    def test_it_is_completed_once(self) -> None:
        self.complete(forge.sign(self.request, self.corporate), self.corporate)
        with self.assertRaises(errors.AlreadyComplete):
            self.complete(forge.sign(self.request, self.corporate), self.corporate)

    def test_a_pending_one_can_be_deleted(self) -> None:
        operations.delete_certificate(self.record, actor=ACTOR)
        self.assertFalse(SigningCertificate.objects.exists())


class DeleteTest(PortalTestCase):
    def test_d10_in_use_by_keys_and_certificates_is_refused_with_their_names(self) -> None:
        root = generated("Root")
        child = generated("Child", root)
        factories.make_key("berlin", signing_certificate=child)
        with self.assertRaisesMessage(errors.InUse, "Still in use by Child (certificate below it)."):
            operations.delete_certificate(root, actor=ACTOR)
        with self.assertRaisesMessage(errors.InUse, "Still in use by berlin (key)."):
            operations.delete_certificate(child, actor=ACTOR)

    def test_d10_what_issued_certificates_stays_for_their_revocation(self) -> None:
        record = generated("Root")
        key, text = factories.make_key("berlin", signing_certificate=record)
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        operations.delete_key(key, actor=ACTOR)
        with self.assertRaisesMessage(errors.InUse, "1 it issued to edges, 1 of them in force. Disable it instead"):
            operations.delete_certificate(record, actor=ACTOR)


class MoveKeysTest(PortalTestCase):
    def setUp(self) -> None:
        self.old, self.new = generated("Old"), generated("New")

    def move(self, confirmed: int, new: SigningCertificate | None = None) -> int:
        return operations.move_keys(self.old, new or self.new, confirmed=confirmed, actor=ACTOR)

    def test_d08_later_enrollments_chain_to_the_new_one_and_old_ones_stay_revocable(self) -> None:
        _, text = factories.make_key("berlin", signing_certificate=self.old, max_uses=2)
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        self.assertEqual(self.move(1), 1)
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        first, second = IssuedCertificate.objects.order_by("pk")
        self.assertEqual((first.issuer, second.issuer), (self.old, self.new))
        for issued in (first, second):
            issuer = x509.load_der_x509_certificate(bytes(issued.issuer.der))
            x509.load_der_x509_certificate(bytes(issued.der)).verify_directly_issued_by(issuer)
        revoke_certificate(first, reason="superseded", actor=ACTOR)
        listed = x509.load_der_x509_crl(self.client.get(f"/pki/{self.old.pk}.crl").content)
        self.assertIsNotNone(listed.get_revoked_certificate_by_serial_number(int(first.serial, 16)))

    def test_each_key_has_a_new_version_and_an_event(self) -> None:
        for name in ("one", "two"):
            factories.make_key(name, signing_certificate=self.old)
        self.move(2)
        self.assertEqual(set(ProvisioningKey.objects.values_list("version", "signing_certificate")), {(2, self.new.pk)})
        events = AuditEvent.objects.filter(action="key.edited").order_by("object_name")
        self.assertEqual([(each.object_name, each.detail) for each in events], [
            ("one", {"signing_certificate": ["Old", "New"]}), ("two", {"signing_certificate": ["Old", "New"]}),
        ])  # fmt: skip

    def test_other_keys_than_were_confirmed_do_not_move(self) -> None:
        factories.make_key("one", signing_certificate=self.old)
        with self.assertRaisesMessage(errors.KeysChanged, "Now 1 keys would move, not 0"):
            self.move(0)
        self.assertTrue(self.old.keys.exists())

    def test_a_certificate_that_cannot_sign_is_no_target(self) -> None:
        factories.make_key("one", signing_certificate=self.old)
        pending, _ = requested("Pending")
        disabled = generated("Disabled")
        SigningCertificate.objects.filter(pk=disabled.pk).update(enabled=False)
        for target in (pending, disabled, self.old):
            with self.assertRaises(errors.Invalid):
                self.move(1, target)

    def test_keys_the_vendor_manages_stay(self) -> None:
        factories.make_managed(
            groups=[{"name": "Vendor"}],
            keys=[{"name": "theirs", "group": "Vendor", "max_uses": 2, "signing_certificate": "Old"}],
        )
        with self.assertRaises(errors.Managed):
            self.move(1)
        factories.make_key("ours", signing_certificate=self.old)
        self.assertEqual(self.move(1), 1)
        self.assertEqual([each.name for each in self.old.keys.all()], ["theirs"])
