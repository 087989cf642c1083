"""Revoking a certificate, an edge, or every edge of a key: it is final, recorded and published (D-04)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError
from django.test import override_settings

from enrollment import operations
from enrollment.endpoints import pki as pki_views
from enrollment.models import IssuedCertificate, RevocationList, ServiceEdge
from enrollment.operations import issuers
from keys.crypto import keyring
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import reveal_key
from keys.operations.editing import subject
from portal.models import AuditEvent
from portal.refusals import Invalid
from tests.enrollment.base import make_issuer
from tests.enrollment.operations.test_taking_a_use import broken_insert
from tests.enrollment.revocation import RevocationTestCase, certificate_of, fetch, number, serials
from tests.factories import ACTOR, make_csr, make_key, make_managed, make_private_key


@contextlib.contextmanager
def foreign_keyring() -> Iterator[None]:
    """A portal whose keyring cannot unseal anything."""
    path = f"{settings.KEYRING_FILE}.foreign"
    with open(path, "w") as file:
        file.write(keyring.generate("another"))
    issuers.forget_all()
    pki_views.failed.reset()
    with override_settings(KEYRING_FILE=path):
        yield
    issuers.forget_all()
    pki_views.failed.reset()


class EdgeTests(RevocationTestCase):
    def revoke(self, reason: str = "keyCompromise") -> operations.Revocation:
        return operations.revoke_edge(self.edge, reason=reason, actor=ACTOR)

    def test_d04_its_certificate_is_on_the_list_at_once_and_the_other_edges_is_not(self) -> None:
        before = fetch(self.issuer)
        self.assertEqual(serials(before), set())
        self.revoke()
        after = fetch(self.issuer)
        self.assertEqual(serials(after), {certificate_of(self.first).serial})
        self.assertGreater(number(after), number(before))

    def test_row_edge_and_event_say_when_and_why(self) -> None:
        revocation = self.revoke()
        certificate = certificate_of(self.first)
        self.assertEqual((len(revocation.certificates), revocation.edges, revocation.late_lists), (1, 1, []))
        self.assertEqual(certificate.revocation_reason, "keyCompromise")
        self.assertLessEqual(certificate.revoked_at, certificate.listed_at)
        event = AuditEvent.objects.get(action="edge.revoked")
        self.assertEqual((event.at, event.object_id), (certificate.revoked_at, str(self.first.edge_uuid)))
        expected = {
            "certificates": 1,
            "serials": [certificate.serial],
            "revocation_reason": "keyCompromise",
            "key_public_id": self.key.public_id,
            "key_name": "Edge",
        }
        self.assertEqual(event.detail, expected)

    def test_a_second_time_changes_nothing_and_is_no_event(self) -> None:
        self.revoke()
        rows, events = list(IssuedCertificate.objects.values()), AuditEvent.objects.count()
        listed = RevocationList.objects.get(issuer=self.issuer)
        self.assertEqual(self.revoke("superseded").certificates, [])
        self.assertEqual((list(IssuedCertificate.objects.values()), AuditEvent.objects.count()), (rows, events))
        self.assertEqual(RevocationList.objects.get(issuer=self.issuer), listed)

    def test_a05_its_answer_is_not_repeated_and_its_key_pair_is_spent(self) -> None:
        csr = make_csr(make_private_key())
        third = self.enroll(self.text, csr)
        self.assertTrue(self.enroll(self.text, csr).replayed)
        operations.revoke_edge(certificate_of(third).edge, reason="unspecified", actor=ACTOR)
        self.assert_refused("enrollment_conflict", self.text, csr)

    def test_a_reason_that_does_not_exist_is_refused_and_nothing_is_revoked(self) -> None:
        certificate = certificate_of(self.first)
        for reason in ("banana", "", "Key compromised", "removeFromCRL", "a\0", "\ud800", None, 1, True, [], {}):
            for revoke in (
                lambda reason: operations.revoke_edge(self.edge, reason=reason, actor=ACTOR),
                lambda reason: operations.revoke_certificate(certificate, reason=reason, actor=ACTOR),
                lambda reason: operations.revoke_key(self.key.public_id, reason=reason, actor=ACTOR),
            ):
                with self.subTest(reason=reason), self.assertRaises(Invalid) as refused:
                    revoke(reason)
                self.assertEqual([fault.field for fault in refused.exception.faults], ["reason"])
        self.assertFalse(IssuedCertificate.objects.exclude(revoked_at=None).exists())
        self.assertFalse(AuditEvent.objects.filter(action="edge.revoked").exists())

    def test_it_costs_no_use_and_gives_none_back(self) -> None:
        books = self.books()
        self.revoke()
        self.assertEqual(self.books(), books)

    def test_an_event_that_cannot_be_written_keeps_it_from_being_revoked(self) -> None:
        with broken_insert("portal_auditevent"), self.assertRaises(DatabaseError):
            self.revoke()
        self.assertIsNone(certificate_of(self.first).revoked_at)

    def test_a_deleted_edge_is_on_the_list_too(self) -> None:
        operations.delete_edge(self.edge, actor=ACTOR)
        self.assertEqual(serials(fetch(self.issuer)), {certificate_of(self.first).serial})


class CertificateTests(RevocationTestCase):
    def test_only_that_certificate_is_revoked(self) -> None:
        revocation = operations.revoke_certificate(certificate_of(self.second), reason="superseded", actor=ACTOR)
        self.assertEqual([each.serial for each in revocation.certificates], [certificate_of(self.second).serial])
        self.assertEqual(serials(fetch(self.issuer)), {certificate_of(self.second).serial})


class KeyTests(RevocationTestCase):
    def revoke(self) -> operations.Revocation:
        return operations.revoke_key(self.key.public_id, reason="unspecified", actor=ACTOR, subject=subject(self.key))

    def test_every_edge_it_admitted_is_revoked_and_nobody_elses(self) -> None:
        _, text = make_key("Other")
        other = self.enroll(text)
        revocation = self.revoke()
        self.assertEqual((len(revocation.certificates), revocation.edges), (2, 2))
        expected = {certificate_of(self.first).serial, certificate_of(self.second).serial}
        self.assertEqual(serials(fetch(self.issuer)), expected)
        self.assertIsNone(certificate_of(other).revoked_at)

    def test_key_and_edges_each_have_their_event(self) -> None:
        self.revoke()
        self.assertEqual(AuditEvent.objects.filter(action="edge.revoked").count(), 2)
        event = AuditEvent.objects.get(action="key.edges_revoked")
        self.assertEqual((event.object_kind, event.object_id), ("key", str(self.key.pk)))
        self.assertEqual(event.detail, {"edges": 2, "certificates": 2, "revocation_reason": "unspecified"})

    def test_what_was_revoked_before_keeps_its_reason(self) -> None:
        operations.revoke_edge(self.edge, reason="keyCompromise", actor=ACTOR)
        self.assertEqual(len(self.revoke().certificates), 1)
        self.assertEqual(certificate_of(self.first).revocation_reason, "keyCompromise")

    def test_d08_edges_of_an_earlier_signing_certificate_go_on_that_ones_list(self) -> None:
        other = make_issuer("Later")
        ProvisioningKey.objects.filter(pk=self.key.pk).update(signing_certificate=other)
        third = self.enroll(self.text)
        self.revoke()
        self.assertEqual(len(serials(fetch(self.issuer))), 2)
        self.assertEqual(serials(fetch(other)), {certificate_of(third).serial})

    def test_the_key_itself_goes_on_admitting_edges(self) -> None:
        self.revoke()
        self.assertEqual(self.refusal(self.text), "")
        self.assertEqual(ServiceEdge.objects.filter(certificates__revoked_at=None).count(), 1)

    def test_edges_of_a_managed_key_are_revoked_by_us(self) -> None:
        make_managed(groups=[{"name": "V"}], keys=[{"name": "Vendor key", "group": "V", "max_uses": 2}])
        key = ProvisioningKey.objects.get(name="Vendor key")
        self.assertTrue(key.managed and key.signing_certificate.managed)
        third = self.enroll(reveal_key(key, purpose="show", actor=ACTOR))
        operations.revoke_key(key.public_id, reason="unspecified", actor=ACTOR, subject=subject(key))
        self.assertIn(certificate_of(third).serial, serials(fetch(self.issuer)))


class UnavailableIssuerTests(RevocationTestCase):
    """A revocation stays when its list cannot be built. The list is built as soon as possible."""

    def test_d04_without_the_issuers_key_it_sticks_and_the_list_follows(self) -> None:
        before = fetch(self.issuer)
        with foreign_keyring(), self.assertLogs("enrollment.operations.revocation_lists", "ERROR"):
            revocation = operations.revoke_edge(self.edge, reason="unspecified", actor=ACTOR)
            self.assertEqual(revocation.late_lists, ["Service Edge"])
            self.assertIsNotNone(certificate_of(self.first).revoked_at)
            self.assertIsNone(certificate_of(self.first).listed_at)
            self.assertEqual(number(fetch(self.issuer)), number(before))
        self.assertEqual(serials(fetch(self.issuer)), {certificate_of(self.first).serial})

    def test_a_disabled_issuer_still_says_what_it_takes_back(self) -> None:
        other = make_issuer("Own")
        ProvisioningKey.objects.filter(pk=self.key.pk).update(signing_certificate=other)
        third = self.enroll(self.text)
        SigningCertificate.objects.filter(pk=other.pk).update(enabled=False)
        operations.revoke_edge(certificate_of(third).edge, reason="unspecified", actor=ACTOR)
        self.assertEqual(serials(fetch(other)), {certificate_of(third).serial})

    def test_an_expired_issuer_signs_no_list_and_its_certificates_are_revoked_all_the_same(self) -> None:
        other = make_issuer("Own")
        ProvisioningKey.objects.filter(pk=self.key.pk).update(signing_certificate=other)
        third = self.enroll(self.text)
        known = number(fetch(other))
        # Expired in the meantime, according to its row; the certificate itself is still valid in this test.
        SigningCertificate.objects.filter(pk=other.pk).update(not_after=certificate_of(third).not_before)
        revocation = operations.revoke_edge(certificate_of(third).edge, reason="unspecified", actor=ACTOR)
        self.assertEqual(revocation.late_lists, ["Own"])
        self.assertIsNotNone(certificate_of(third).revoked_at)
        self.assertEqual(number(fetch(other)), known)
