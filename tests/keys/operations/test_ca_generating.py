"""CAs that the portal generates: profile, validity, parent."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from django.utils import timezone

from enrollment.models import IssuedCertificate
from enrollment.operations import enroll
from keys import errors, operations
from keys.models import SigningCertificate
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.keys import authorities
from tests.keys.base import generated, requested


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
        corporate = authorities.ca()
        middle = authorities.sign(request, corporate, days=(-0.1, 9))
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
        root = authorities.ca(constraints=x509.BasicConstraints(ca=True, path_length=1))
        middle = authorities.ca("Middle", root)
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
