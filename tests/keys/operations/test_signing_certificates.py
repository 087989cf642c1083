"""Signing certificates: sealed keys, protected while in use, managed ones read only."""

from django.utils import timezone

from keys import errors, operations
from keys.crypto import ca_certificates, sealing
from keys.crypto.keyring import load
from keys.models import SigningCertificate
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.settings import KEYRING


def make_certificate(name: str = "Own CA") -> SigningCertificate:
    record = SigningCertificate(name=name)
    authority = ca_certificates.make_authority(name, "An organization", now=timezone.now(), days=365)
    operations.create_certificate(record, authority, actor=ACTOR)
    return record


class CertificateOperationsTest(PortalTestCase):
    def test_the_private_key_is_sealed_and_opens_only_at_its_row(self) -> None:
        one, other = make_certificate("One"), make_certificate("Other")
        ring = load(str(KEYRING))
        private_key = sealing.unseal(bytes(one.sealed_private_key), one.private_key_place, ring)
        self.assertEqual(ca_certificates.load_private_key(private_key).key_size, 256)
        with self.assertRaises(sealing.SealBroken):
            sealing.unseal(bytes(one.sealed_private_key), other.private_key_place, ring)

    def test_a_certificate_in_use_is_not_deleted(self) -> None:
        record = make_certificate()
        key, _ = factories.make_key("berlin", signing_certificate=record)
        with self.assertRaisesMessage(errors.InUse, "Still in use by berlin"):
            operations.delete_certificate(record, actor=ACTOR)
        operations.delete_key(key, actor=ACTOR)
        operations.delete_certificate(record, actor=ACTOR)
        self.assertFalse(SigningCertificate.objects.filter(name="Own CA").exists())

    def test_managed_certificates_are_read_only(self) -> None:
        record = factories.signing_certificate("Root")
        record.enabled = False
        with self.assertRaises(errors.Managed):
            operations.edit_certificate(record, fields=["enabled"], version=1, actor=ACTOR)
        with self.assertRaises(errors.Managed):
            operations.delete_certificate(record, actor=ACTOR)

    def test_each_field_that_can_be_edited_can_be_recorded(self) -> None:
        record = make_certificate()
        record.client_type, record.description, record.enabled = "ZAPP_CLIENT", "changed", False
        fields = ["client_type", "description", "enabled"]
        operations.edit_certificate(record, fields=fields, version=1, actor=ACTOR)
        self.assertEqual(set(AuditEvent.objects.get(action="certificate.edited").detail), set(fields))
