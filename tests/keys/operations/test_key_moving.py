"""Moving keys from one signing certificate to another (D-08)."""

from __future__ import annotations

from cryptography import x509

from enrollment.models import IssuedCertificate
from enrollment.operations import enroll, revoke_certificate
from keys import errors, operations
from keys.models import ProvisioningKey, SigningCertificate
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.keys.base import generated, requested


class MoveKeysTest(PortalTestCase):
    def setUp(self) -> None:
        self.old, self.new = generated("Old"), generated("New")

    def move(self, confirmed: int, new: SigningCertificate | None = None) -> int:
        return operations.move_keys(self.old, new or self.new, confirmed=confirmed, actor=ACTOR, different_root=True)

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
        with self.assertRaisesMessage(errors.KeysChanged, "Now 1 key would move, not 0"):
            self.move(0)
        self.assertTrue(self.old.keys.exists())

    def test_a_different_root_that_is_not_confirmed_is_refused(self) -> None:
        factories.make_key("one", signing_certificate=self.old)
        for tick in (False, None, "", 1):
            with self.subTest(tick), self.assertRaises(errors.Invalid) as refused:
                operations.move_keys(self.old, self.new, confirmed=1, actor=ACTOR, different_root=tick)
            self.assertEqual(refused.exception.faults[0][:2], ("different_root", "different_root"))
        self.assertTrue(self.old.keys.exists())
        below = generated("Below", self.old)
        self.assertEqual(operations.move_keys(self.old, below, confirmed=1, actor=ACTOR), 1)

    def test_a_number_of_another_type_is_refused(self) -> None:
        factories.make_key("one", signing_certificate=self.old)
        for number in (None, "1", True, 1.0, [1]):
            with self.subTest(number), self.assertRaises(errors.Invalid) as refused:
                self.move(number)
            self.assertEqual(refused.exception.field_name, "confirmed")

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
