"""Signing certificates: sealed keys, protected while in use, managed ones read only."""

from enrollment.operations import enroll
from keys import errors, operations
from keys.crypto import ca_certificates, sealing
from keys.crypto.keyring import load
from keys.models import SigningCertificate
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.keys.base import generated, make_certificate
from tests.settings import KEYRING


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
