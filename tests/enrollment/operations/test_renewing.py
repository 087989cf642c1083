"""Renewal: the next certificate for a proof with the current one. It takes no use."""

from __future__ import annotations

import json
import ssl
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import IntegrityError, connection, transaction

from enrollment import operations
from enrollment.errors import Refused
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import renewal_roots
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import delete_certificate, delete_key, edit_group, edit_key
from portal import triggers
from portal.models import AuditEvent
from portal.triggers import Trigger
from tests.enrollment.base import make_issuer, now
from tests.enrollment.renewal import RENEW, RenewalTestCase, changed_while_signing, moment, signed_body
from tests.factories import ACTOR, EDGE, expire, make_csr, make_private_key

LATER = timedelta(days=70)


class RenewedTests(RenewalTestCase):
    def test_d07_the_counter_stays_and_the_identity_is_the_old_one(self) -> None:
        uses = self.uses(self.key)
        renewed = self.renew()
        self.assertEqual(self.uses(self.key), uses)
        self.assertEqual((renewed.edge_uuid, renewed.edge_name), (self.first.edge_uuid, self.first.edge_name))
        old, new = (
            x509.load_pem_x509_certificate(text.encode()) for text in (self.first.certificate, renewed.certificate)
        )
        self.assertEqual(old.subject, new.subject)
        names = [found.extensions.get_extension_for_class(x509.SubjectAlternativeName) for found in (old, new)]
        self.assertEqual(names[0], names[1])
        self.assertGreater(new.not_valid_after_utc, old.not_valid_after_utc)
        self.assertNotEqual(old.serial_number, new.serial_number)
        self.assertEqual(ServiceEdge.objects.count(), 1)

    def test_it_is_one_event_in_the_log(self) -> None:
        known = AuditEvent.objects.count()
        renewed = self.row(self.renew().certificate)
        (event,) = AuditEvent.objects.order_by("id")[known:]
        self.assertEqual(
            (event.action, event.outcome, event.object_id), ("edge.renewed", "success", str(self.old.edge.uuid))
        )
        self.assertEqual((event.detail["serial"], event.detail["renewed"]), (renewed.serial, self.old.serial))

    def test_d07_with_the_old_key_pair_too_again_and_again(self) -> None:
        csr = make_csr(self.private_key)
        second = self.row(self.renew(csr).certificate)
        self.assertEqual(
            (second.spki_sha256, second.claims_key_pair, second.renews_id), (self.old.spki_sha256, False, self.old.pk)
        )

    def test_the_same_request_again_gives_the_same_certificate(self) -> None:
        csr = make_csr()
        first = self.renew(csr)
        self.assertEqual(self.renew(csr), replace(first, replayed=True))
        self.assertEqual(IssuedCertificate.objects.count(), 2)

    def test_d07_without_the_key_it_chains_to_the_issuer_of_the_current_certificate(self) -> None:
        delete_key(ProvisioningKey.objects.get(pk=self.key.pk), actor=ACTOR)
        self.assertEqual(self.row(self.renew().certificate).issuer_id, self.old.issuer_id)

    def test_d08_with_another_signing_certificate_on_the_key_it_chains_to_that(self) -> None:
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        key.signing_certificate = make_issuer()
        edit_key(key, fields=["signing_certificate"], version=key.version, actor=ACTOR)
        self.assertEqual(self.row(self.renew().certificate).issuer_id, key.signing_certificate_id)

    def test_when_the_key_is_used_up_disabled_and_expired(self) -> None:
        expire(self.key)
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        key.enabled, key.max_uses = False, 1
        edit_key(key, fields=["enabled", "max_uses"], version=key.version, actor=ACTOR)
        self.assertFalse(self.renew().replayed)

    def test_enrolling_again_with_a_renewed_key_pair_repeats_its_newest_certificate(self) -> None:
        csr = make_csr(self.private_key)
        renewed = self.renew(csr)
        self.assertEqual(self.enroll(self.text, csr), replace(renewed, replayed=True))


class RefusedTests(RenewalTestCase):
    def test_d05_a_revoked_certificate(self) -> None:
        IssuedCertificate.objects.filter(pk=self.old.pk).update(revoked_at=now(), revocation_reason="keyCompromise")
        self.assert_not_renewed("certificate_revoked")

    def test_d05_an_expired_certificate(self) -> None:
        first = self.enroll(self.text, at=now() - timedelta(days=91))
        self.assert_not_renewed("certificate_expired", old=self.row(first.certificate))

    def test_d05_a_certificate_that_is_not_valid_yet(self) -> None:
        first = self.enroll(self.text, at=now() + timedelta(days=1))
        self.assert_not_renewed("certificate_expired", old=self.row(first.certificate))

    def test_d05_a_superseded_certificate(self) -> None:
        self.renew()
        self.assert_not_renewed("certificate_superseded")

    def test_d05_the_key_pair_of_another_edge(self) -> None:
        other = make_csr()
        self.enroll(self.text, other)
        self.assert_not_renewed("public_key_in_use", other)

    def test_c14_a_key_pair_that_was_revoked(self) -> None:
        lost = make_csr()
        second = self.row(self.renew(lost).certificate)
        third = self.row(self.renew_early(second).certificate)
        IssuedCertificate.objects.filter(pk=second.pk).update(revoked_at=now(), revocation_reason="keyCompromise")
        with self.assertRaises(Refused) as refused:
            self.renew_early(third, lost)
        self.assertEqual(refused.exception.code, "certificate_revoked")

    def test_c14_a_key_pair_revoked_with_an_older_certificate_of_it(self) -> None:
        """After a renewal with the same key pair an edge has two certificates of it, and one may be revoked alone."""
        same = make_csr(self.private_key)
        newer = self.row(self.renew(same).certificate)
        operations.revoke_certificate(self.old, reason="superseded", actor=ACTOR)
        self.assertEqual(self.refusal(self.text, same), "enrollment_conflict")
        third = self.row(self.renew_early(newer).certificate)
        self.assertIsNone(third.revoked_at)

    def test_c14_a_key_pair_that_others_may_know_proves_nothing(self) -> None:
        newer = self.row(self.renew(make_csr(self.private_key)).certificate)
        operations.revoke_certificate(self.old, reason="keyCompromise", actor=ACTOR)
        with self.assertRaises(Refused) as refused:
            self.renew_early(newer)
        self.assertEqual(refused.exception.code, "certificate_revoked")

    def renew_early(self, old: IssuedCertificate, csr: str | None = None) -> Any:
        return operations.renew(old, csr or make_csr(), caller=EDGE, now=old.not_after - timedelta(days=1))

    def test_d06_a_disabled_edge(self) -> None:
        edge = ServiceEdge.objects.get(pk=self.old.edge_id)
        edge.enabled = False
        operations.edit_edge(edge, fields=["enabled"], actor=ACTOR)
        self.assert_not_renewed("edge_disabled")

    def test_d06_a_deleted_edge(self) -> None:
        operations.delete_edge(ServiceEdge.objects.get(pk=self.old.edge_id), actor=ACTOR)
        self.assert_not_renewed("certificate_revoked")

    def test_d06_a_disabled_group(self) -> None:
        group = self.old.edge.group
        group.enabled = False
        edit_group(group, fields=["enabled"], version=group.version, actor=ACTOR)
        self.assert_not_renewed("group_disabled")

    def test_d06_a_disabled_issuer(self) -> None:
        self.disable_issuer()
        self.assert_not_renewed("issuer_unavailable")

    def test_d08_an_issuer_replaced_and_deleted_in_between_makes_the_edge_come_again(self) -> None:
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        key.signing_certificate, kept = make_issuer(), key.signing_certificate
        edit_key(key, fields=["signing_certificate"], version=key.version, actor=ACTOR)
        reading = renewal_roots.issuer_for

        def disturbed(*arguments: Any) -> SigningCertificate:
            found = reading(*arguments)
            ProvisioningKey.objects.filter(pk=key.pk).update(signing_certificate=kept)
            delete_certificate(SigningCertificate.objects.get(pk=found.pk), actor=ACTOR)
            return found

        with mock.patch.object(renewal_roots, "issuer_for", disturbed), self.assertRaises(Refused) as refused:
            self.renew()
        self.assertEqual(refused.exception.code, "busy")
        self.assertFalse(self.renew().replayed)

    def test_d06_disabled_or_deleted_while_the_renewal_is_signed_it_gets_no_certificate(self) -> None:
        edge = self.old.edge
        for code, change in (
            ("edge_disabled", lambda: operations.set_enabled(edge, False, actor=ACTOR)),
            ("certificate_revoked", lambda: operations.delete_edge(edge, actor=ACTOR)),
        ):
            known = IssuedCertificate.objects.count()
            self.old.edge.refresh_from_db()
            with changed_while_signing(change), self.assertRaises(Refused) as refused:
                self.renew()
            self.assertEqual(refused.exception.code, code)
            self.assertEqual(IssuedCertificate.objects.count(), known)
            if code == "edge_disabled":
                operations.set_enabled(edge, True, actor=ACTOR)

    def test_before_a_third_of_the_life_is_left(self) -> None:
        first = self.enroll(self.text)
        self.assert_not_renewed("renewal_not_due", old=self.row(first.certificate))

    def test_a_bad_request(self) -> None:
        self.assert_not_renewed("csr_malformed", "no request")
        self.assert_not_renewed(
            "csr_extension_not_allowed", make_csr(extensions=[(x509.BasicConstraints(True, None), True)])
        )

    def test_what_any_other_rule_of_the_database_refuses_is_a_fault_of_ours(self) -> None:
        """Not `public_key_in_use`, for which an edge would make a new key pair."""
        never = Trigger("nothing_is_issued", IssuedCertificate._meta.db_table, "INSERT", "a rule about something else")
        with connection.cursor() as cursor:
            for statement in triggers.statements(never):
                cursor.execute(statement)
        with self.assertLogs("enrollment.operations.renewing", "ERROR"), self.assertRaises(Refused) as refused:
            self.renew()
        self.assertEqual(refused.exception.code, "busy")

    def test_the_database_gives_no_key_pair_to_a_second_edge_and_no_second_renewal(self) -> None:
        other = self.row(self.enroll(self.text).certificate)
        renewed = self.row(self.renew().certificate)
        columns = {
            f.attname: getattr(renewed, f.attname) for f in IssuedCertificate._meta.concrete_fields if not f.primary_key
        }
        for values in (
            {"serial": "1", "edge_id": other.edge_id, "renews_id": other.pk, "claims_key_pair": False},
            {"serial": "2", "claims_key_pair": False, "renews_id": None},
            {"serial": "3", "claims_key_pair": False},
            {"serial": "4", "renews_id": other.pk, "spki_sha256": "0" * 64},
        ):
            with self.subTest(values), self.assertRaises(IntegrityError), transaction.atomic():
                IssuedCertificate.objects.create(**columns | values)


class RenewAddressTests(RenewalTestCase):
    def send(self, body: str) -> Any:
        return self.client.post(RENEW, body, content_type="application/json")

    def body(self, csr: str, **options: Any) -> str:
        return signed_body(
            options.pop("key", self.private_key), options.pop("certificate", self.first.certificate), csr, **options
        )

    def test_the_answer_is_that_of_an_enrollment(self) -> None:
        body = self.body(make_csr())
        response = self.send(body)
        self.assertEqual(response.status_code, 201, response.content)
        self.assertEqual(
            set(response.json()),
            {"edge", "certificate", "chain", "trust_anchor", "not_after", "renew_after", "ignored_extensions"},
        )
        again = self.send(body)
        self.assertEqual((again.status_code, again["Enrollment-Replay"], again.json()), (200, "true", response.json()))

    def test_rsa_edges_sign_too(self) -> None:
        private_key = rsa.generate_private_key(65537, 2048)
        first = self.enroll(self.text, make_csr(private_key), at=now() - LATER)
        response = self.send(signed_body(private_key, first.certificate, make_csr()))
        self.assertEqual(response.status_code, 201, response.content)

    def of_version(self, number: int) -> str:
        """The certificate with another number for its version; 2 is version 3."""
        der = bytes(self.old.der).replace(bytes.fromhex("a003020102"), bytes.fromhex("a0030201") + bytes([number]), 1)
        return ssl.DER_cert_to_PEM_cert(der)

    def test_who_does_not_prove_the_key_of_a_certificate_of_ours_learns_nothing(self) -> None:
        csr, rogue = make_csr(), make_private_key()
        good = json.loads(self.body(csr))
        bodies = {
            "another key": self.body(csr, key=rogue),
            "a rogue certificate of the same names": self.body(csr, key=rogue, certificate=self.forged(rogue)),
            "another purpose": self.body(csr, purpose="psek-heartbeat-v1"),
            "another request than signed": json.dumps(good | {"csr": make_csr()}),
            "another time than signed": json.dumps(good | {"issued_at": moment(now() + timedelta(seconds=5))}),
            "no base64": json.dumps(good | {"signature": "%"}),
            "no certificate": json.dumps(good | {"certificate": "x"}),
            "two certificates": json.dumps(good | {"certificate": good["certificate"] * 2}),
            "the issuer's certificate": json.dumps(good | {"certificate": self.first.chain[0]}),
            "half a character": json.dumps(good | {"certificate": "\ud800"}),
            "no version of X.509": json.dumps(good | {"certificate": self.of_version(7)}),
        }
        for name, body in bodies.items():
            with self.subTest(name):
                self.assert_problem(self.send(body), "unknown_certificate")
        self.assertEqual(IssuedCertificate.objects.count(), 1)

    def forged(self, private_key: Any) -> str:
        """A certificate equal to the edge's but for key and signature."""
        old = x509.load_pem_x509_certificate(self.first.certificate.encode())
        builder = x509.CertificateBuilder(
            old.issuer,
            old.subject,
            private_key.public_key(),
            old.serial_number,
            old.not_valid_before_utc,
            old.not_valid_after_utc,
        )
        return builder.sign(private_key, old.signature_hash_algorithm).public_bytes(Encoding.PEM).decode()

    def test_a_clock_that_is_off_by_more_than_ten_minutes_is_told_so(self) -> None:
        csr = make_csr()
        for minutes, status in ((-11, 401), (11, 401), (-9, 201), (9, 200)):
            with self.subTest(minutes):
                response = self.send(self.body(csr, at=moment(now() + timedelta(minutes=minutes))))
                self.assertEqual(response.status_code, status, response.content)
        self.assert_problem(self.send(self.body(csr, at="yesterday")), "clock_differs")

    def test_other_shapes_are_malformed(self) -> None:
        good = json.loads(self.body(make_csr()))
        for body in (
            "[]",
            "{}",
            json.dumps(good | {"more": "x"}),
            json.dumps(good | {"csr": 1}),
            "\x00",
            "[" * 9999,
        ):
            with self.subTest(body[:20]):
                self.assert_problem(self.send(body), "malformed_request")

    def test_it_takes_post_alone_and_no_query(self) -> None:
        self.assertEqual(self.client.get(RENEW).status_code, 405)
        response = self.client.post(f"{RENEW}?a=b", self.body(make_csr()), content_type="application/json")
        self.assert_problem(response, "malformed_request")
