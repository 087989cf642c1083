"""A lost answer is repeated to the same key and key pair without a second use, until one of the rules forbids it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.test import override_settings

from enrollment import operations
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import issuers
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import delete_key, edit_certificate, edit_group, edit_key
from portal.models import AuditEvent
from tests.enrollment.base import EnrollmentTestCase, make_issuer, now
from tests.enrollment.flawed_csrs import mirrored
from tests.factories import ACTOR, EDGE, expire, make_csr, make_group, make_key, make_private_key


class ReplayTestCase(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.private_key = make_private_key()
        self.csr = make_csr(self.private_key)
        self.first = self.enroll(self.text, self.csr)

    def edit(self, **values: object) -> None:
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        for name, value in values.items():
            setattr(key, name, value)
        edit_key(key, fields=list(values), version=key.version, actor=ACTOR)

    def assert_replayed(self, csr: str | None = None, **options: object) -> None:
        """The first answer unchanged, no use taken, one event."""
        before, known = self.books(), AuditEvent.objects.count()
        again = self.enroll(self.text, csr or self.csr, **options)
        self.assertEqual(again, replace(self.first, replayed=True))
        self.assertEqual(self.books(), before)
        (event,) = AuditEvent.objects.order_by("id")[known:]
        self.assertEqual((event.action, event.outcome), ("edge.replayed", "success"))
        self.assertEqual((event.object_kind, event.object_id), ("edge", str(self.first.edge_uuid)))
        serial = IssuedCertificate.objects.get(edge__uuid=self.first.edge_uuid).serial
        self.assertEqual(event.detail, {"serial": serial, "key_public_id": self.key.public_id})


class RepeatedTests(ReplayTestCase):
    def test_a03_a_lost_answer_is_repeated_word_for_word(self) -> None:
        self.assert_replayed()
        self.assert_replayed()

    def test_a03_also_for_another_request_of_the_same_key_pair(self) -> None:
        self.assert_replayed(make_csr(self.private_key, subject="another name"))

    def test_a04_also_when_that_use_was_the_last(self) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(max_uses=1)
        self.assert_replayed()
        self.assert_refused("key_exhausted", self.text)

    def test_a07_a_mirrored_signature_is_a_replay_and_no_second_use(self) -> None:
        self.assertNotEqual(mirrored(self.csr), self.csr)
        self.assert_replayed(mirrored(self.csr))

    def test_after_the_key_expired(self) -> None:
        expire(self.key)
        self.assert_replayed()
        self.assert_refused("key_expired", self.text)

    def test_when_the_issuer_is_disabled_or_ends(self) -> None:
        issuer = make_issuer(days=200)
        self.edit(signing_certificate=issuer)
        self.first = self.enroll(self.text, csr := make_csr())
        issuer.enabled = False
        edit_certificate(issuer, fields=["enabled"], version=issuer.version, actor=ACTOR)
        self.assert_replayed(csr)
        self.assert_refused("issuer_unavailable", self.text)

    def test_when_the_private_key_of_the_issuer_cannot_be_opened(self) -> None:
        SigningCertificate.objects.filter(pk=self.key.signing_certificate_id).update(sealed_private_key=b"broken")
        issuers.forget_all()
        self.assert_replayed()
        self.assert_refused("signer_unavailable", self.text)

    def test_after_the_key_moved_to_another_issuer_or_group_the_old_answer_stays(self) -> None:
        self.edit(signing_certificate=make_issuer(), group=make_group())
        self.assert_replayed()

    def test_after_the_key_was_renamed_the_edge_keeps_its_name(self) -> None:
        self.edit(name="Renamed")
        self.assert_replayed()

    def test_from_another_address_of_an_allowed_network(self) -> None:
        self.edit(allowed_networks=["192.0.2.0/24"])
        self.assert_replayed(caller=replace(EDGE, client_ip="192.0.2.200"))

    @override_settings(EDGE_CERTIFICATE_DAYS=7)
    def test_with_the_period_it_was_issued_for(self) -> None:
        self.assert_replayed()

    def test_until_the_second_the_certificate_ends(self) -> None:
        self.edit(expires_at=None)
        self.assert_replayed(at=self.first.not_after)
        self.assert_refused("enrollment_conflict", self.text, self.csr, at=self.first.not_after + timedelta(seconds=1))


class EndedTests(ReplayTestCase):
    def assert_ended(self, code: str, **options: object) -> None:
        self.assert_refused(code, self.text, self.csr, **options)

    def test_a05_a_disabled_key_repeats_nothing(self) -> None:
        self.edit(enabled=False)
        self.assert_ended("key_disabled")

    def test_a05_a_deleted_key_repeats_nothing(self) -> None:
        delete_key(self.key, actor=ACTOR)
        self.assert_ended("invalid_provisioning_key")

    def test_a05_a_disabled_group_repeats_nothing(self) -> None:
        group = self.key.group
        group.enabled = False
        edit_group(group, fields=["enabled"], version=group.version, actor=ACTOR)
        self.assert_ended("group_disabled")

    def test_a05_from_outside_the_allowed_networks_nothing_is_repeated(self) -> None:
        self.edit(allowed_networks=["198.51.100.0/24"])
        self.assert_ended("network_not_allowed")

    def test_a05_c14_a_revoked_certificate_is_not_repeated_nor_its_key_pair_reused(self) -> None:
        IssuedCertificate.objects.update(revoked_at=now(), revocation_reason="keyCompromise")
        self.assert_ended("enrollment_conflict")
        _, other = make_key()
        self.assert_refused("public_key_in_use", other, self.csr)

    def test_a05_a_disabled_edge_is_not_repeated(self) -> None:
        edge = ServiceEdge.objects.get()
        edge.enabled = False
        operations.edit_edge(edge, fields=["enabled"], actor=ACTOR)
        self.assert_ended("enrollment_conflict")

    def test_a05_a_deleted_edge_is_not_repeated_even_when_enabled_again(self) -> None:
        operations.delete_edge(ServiceEdge.objects.get(), actor=ACTOR)
        self.assert_ended("enrollment_conflict")
        # No operation enables it: edit_edge finds no deleted edge.
        ServiceEdge.objects.update(enabled=True)
        self.assert_ended("enrollment_conflict")

    def test_a05_an_edge_marked_deleted_is_not_repeated_whatever_else_its_row_says(self) -> None:
        ServiceEdge.objects.update(deleted_at=now())
        self.assert_ended("enrollment_conflict")

    def test_the_same_holds_when_the_key_is_used_up(self) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(max_uses=1)
        operations.delete_edge(ServiceEdge.objects.get(), actor=ACTOR)
        self.assert_ended("enrollment_conflict")
        self.edit(enabled=False)
        self.assert_ended("key_disabled")

    def test_a_used_up_key_does_not_tell_about_key_pairs_of_others(self) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(max_uses=1)
        _, other = make_key(max_uses=1)
        self.enroll(other, theirs := make_csr())
        self.assert_refused("key_exhausted", self.text, theirs)
