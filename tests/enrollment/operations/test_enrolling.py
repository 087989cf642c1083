"""The operation `enroll`: the result of one use, each refusal, and that a refusal takes no use."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from django.db import connection
from django.test import override_settings

from enrollment.errors import REFUSALS
from enrollment.models import IssuedCertificate, ServiceEdge
from keys.crypto import tokens
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import delete_key, edit_certificate, edit_group, edit_key
from keys.operations.signing_certificates import authority_of
from portal.models import AuditEvent
from tests.enrollment import raw_csr
from tests.enrollment.base import EnrollmentTestCase, make_issuer, now
from tests.enrollment.flawed_csrs import flawed_csrs
from tests.factories import ACTOR, EDGE, expire, make_csr, make_group, make_key, make_private_key, signing_certificate
from tests.support.live import ROOT


class AdmissionTests(EnrollmentTestCase):
    def test_one_use_buys_one_edge_one_certificate_and_one_event(self) -> None:
        at = now()
        enrolled = self.enroll(self.text, at=at)
        edge, certificate = ServiceEdge.objects.get(), IssuedCertificate.objects.get()
        self.assertEqual(
            (enrolled.edge_uuid, enrolled.edge_name, enrolled.group), (edge.uuid, "Edge-1", edge.group.name)
        )
        self.assertEqual((edge.key_public_id, edge.key_name, edge.use_number), (self.key.public_id, "Edge", 1))
        self.assertEqual((edge.group_id, edge.enrolled_at, edge.enrolled_from), (self.key.group_id, at, EDGE.client_ip))
        self.assertEqual((certificate.edge, certificate.issued_at, certificate.revoked_at), (edge, at, None))
        self.assertFalse(enrolled.replayed)

    def test_the_event_tells_edge_key_and_serial(self) -> None:
        enrolled = self.enroll(self.text)
        event = AuditEvent.objects.get(action="edge.enrolled")
        expected = ("edge", str(enrolled.edge_uuid), "Edge-1", "success", "")
        self.assertEqual((event.object_kind, event.object_id, event.object_name, event.outcome, event.reason), expected)
        self.assertEqual((event.actor_kind, event.interface, event.client_ip), ("edge", "enrollment", EDGE.client_ip))
        serial = IssuedCertificate.objects.get().serial
        detail = {
            "key_public_id": self.key.public_id,
            "key_name": "Edge",
            "group": self.key.group.name,
            "serial": serial,
        }
        self.assertEqual(event.detail, detail)

    def test_the_key_remembers_its_last_use(self) -> None:
        at = now()
        self.enroll(self.text, at=at)
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        self.assertEqual((key.uses, key.last_used_at, key.last_used_by), (1, at, "Edge-1"))
        self.assertEqual((key.version, key.modified_at), (self.key.version, self.key.modified_at))

    def test_edges_are_numbered_by_use(self) -> None:
        self.assertEqual([self.enroll(self.text).edge_name for _ in range(3)], ["Edge-1", "Edge-2", "Edge-3"])

    def test_a_renamed_key_keeps_its_count_and_leaves_its_edges_alone(self) -> None:
        self.enroll(self.text)
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        key.name = "Renamed"
        edit_key(key, fields=["name"], version=key.version, actor=ACTOR)
        self.assertEqual(self.enroll(self.text).edge_name, "Renamed-2")
        self.assertEqual(set(ServiceEdge.objects.values_list("name", flat=True)), {"Edge-1", "Renamed-2"})

    def test_the_longest_name_and_number_fit(self) -> None:
        key, text = make_key("N" * 255, max_uses=2_147_483_647)
        ProvisioningKey.objects.filter(pk=key.pk).update(uses=2_147_483_646)
        self.assertEqual(self.enroll(text).edge_name, "N" * 255 + "-2147483647")
        self.assertEqual(self.refusal(text), "key_exhausted")

    def test_a_caller_without_an_address_is_admitted(self) -> None:
        from portal.actors import Actor

        self.enroll(self.text, caller=Actor("edge", "", "enrollment"))
        self.assertIsNone(ServiceEdge.objects.get().enrolled_from)

    def test_admission_costs_one_look_up_and_one_transaction(self) -> None:
        self.enroll(self.text)
        statements = {"sqlite": 7, "postgresql": 4}
        csr = make_csr()
        # SQLite: look-up, savepoint, use, edge, certificate, event, release. PostgreSQL: look-up, one statement and,
        # inside this test's own transaction, a savepoint around it.
        with self.assertNumQueries(statements[connection.vendor]):
            self.enroll(self.text, csr)


class RefusalTests(EnrollmentTestCase):
    def test_a_key_without_uses_left_is_exhausted(self) -> None:
        _, text = make_key(max_uses=1)
        self.enroll(text)
        self.assert_refused("key_exhausted", text)

    def test_a_disabled_key_refuses_until_it_is_enabled(self) -> None:
        self.edit(enabled=False)
        self.assert_refused("key_disabled", self.text)
        self.edit(enabled=True)
        self.assertEqual(self.refusal(self.text), "")

    def test_a_disabled_group_refuses(self) -> None:
        group = self.key.group
        group.enabled = False
        edit_group(group, fields=["enabled"], version=group.version, actor=ACTOR)
        self.assert_refused("group_disabled", self.text)

    def test_a_disabled_issuer_refuses(self) -> None:
        issuer = make_issuer()
        _, text = make_key(signing_certificate=issuer)
        issuer.enabled = False
        edit_certificate(issuer, fields=["enabled"], version=issuer.version, actor=ACTOR)
        self.assert_refused("issuer_unavailable", text)

    def test_a_deleted_key_is_as_if_it_had_never_been(self) -> None:
        delete_key(self.key, actor=ACTOR)
        self.assert_refused("invalid_provisioning_key", self.text)

    def test_state_refuses_before_the_request_is_judged(self) -> None:
        _, text = make_key(max_uses=1)
        self.enroll(text)
        self.assert_refused("key_exhausted", text, "not a request")

    def test_a_bad_request_costs_nothing_and_is_remembered(self) -> None:
        self.assert_refused("csr_malformed", self.text, "not a request")
        other = raw_csr.sign(raw_csr.info(raw_csr.spki(make_private_key().public_key())), make_private_key())
        self.assert_refused("csr_signature_invalid", self.text, raw_csr.pem(other))
        authority = x509.BasicConstraints(ca=True, path_length=None)
        self.assert_refused("csr_extension_not_allowed", self.text, make_csr(extensions=[(authority, False)]))
        self.assert_refused(
            "csr_key_rejected", self.text, raw_csr.request(raw_csr.RawRSA((3 << 510) + 761, (7 << 509) + 15))
        )

    def test_c01_to_c11_every_flawed_request_costs_nothing_and_is_remembered_with_key_and_reason_only(self) -> None:
        for case, code, pem in flawed_csrs():
            with self.subTest(case):
                self.assertEqual(REFUSALS[code].status, 422)
                self.assert_refused(code, self.text, pem)

    def test_c05_the_keys_of_the_authorities_are_refused(self) -> None:
        for record in (signing_certificate(), SigningCertificate.objects.get(name="Root")):
            with self.subTest(record.name):
                self.assert_refused("csr_key_rejected", self.text, make_csr(authority_of(record).private_key))

    def test_a15_a_key_expires_at_its_second_by_the_servers_clock(self) -> None:
        expiry = now() + timedelta(days=3)
        self.edit(expires_at=expiry)
        self.assertEqual(self.refusal(self.text, at=expiry - timedelta(seconds=1)), "")
        self.assert_refused("key_expired", self.text, at=expiry)
        self.assert_refused("key_expired", self.text, at=expiry + timedelta(seconds=1))

    def test_a15_parts_of_a_second_count_on_both_databases(self) -> None:
        expiry = (now() + timedelta(days=3)).replace(microsecond=0)
        self.edit(expires_at=expiry)
        self.assertEqual(self.refusal(self.text, at=expiry - timedelta(microseconds=1)), "")
        self.assertEqual(self.refusal(self.text, at=expiry), "key_expired")
        self.edit(expires_at=expiry + timedelta(microseconds=1))
        self.assertEqual(self.refusal(self.text, at=expiry), "")
        self.assertEqual(self.refusal(self.text, at=expiry + timedelta(microseconds=1)), "key_expired")

    def test_a15_the_zone_a_moment_is_written_in_does_not_matter(self) -> None:
        expiry = now() + timedelta(days=3)
        self.edit(expires_at=expiry.astimezone(timezone(timedelta(hours=-11))))
        elsewhere = timezone(timedelta(hours=14))
        self.assertEqual(self.refusal(self.text, at=(expiry - timedelta(seconds=1)).astimezone(UTC)), "")
        self.assertEqual(self.refusal(self.text, at=expiry.astimezone(elsewhere)), "key_expired")

    def test_the_clock_is_the_servers_when_none_is_given(self) -> None:
        expire(self.key)
        self.assertEqual(self.refusal(self.text), "key_expired")

    def edit(self, **values: object) -> None:
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        for name, value in values.items():
            setattr(key, name, value)
        edit_key(key, fields=list(values), version=key.version, actor=ACTOR)


class KeyPairTests(EnrollmentTestCase):
    def test_a08_a_key_pair_of_one_key_is_refused_with_another(self) -> None:
        csr = make_csr()
        self.enroll(self.text, csr)
        _, other = make_key(max_uses=5)
        self.assert_refused("public_key_in_use", other, csr)

    def test_a08_also_after_the_first_key_was_deleted(self) -> None:
        csr = make_csr()
        self.enroll(self.text, csr)
        delete_key(self.key, actor=ACTOR)
        _, other = make_key(self.key.name, max_uses=5)
        self.assert_refused("public_key_in_use", other, csr)

    def test_c13_a_captured_request_makes_an_edge_of_its_own_that_its_sender_cannot_use(self) -> None:
        private_key = make_private_key()
        captured = make_csr(private_key, subject="victim")
        thief_key, thief_text = make_key("Thief")
        stolen = self.enroll(thief_text, captured)
        self.assertEqual((stolen.edge_name, ServiceEdge.objects.get().key_public_id), ("Thief-1", thief_key.public_id))
        certificate = x509.load_pem_x509_certificate(stolen.certificate.encode())
        self.assertEqual(certificate.public_key(), private_key.public_key())

    def test_c13_an_edge_that_is_enrolled_already_is_not_affected(self) -> None:
        captured = make_csr()
        mine = self.enroll(self.text, captured)
        _, thief_text = make_key("Thief")
        self.assert_refused("public_key_in_use", thief_text, captured)
        self.assertEqual(self.enroll(self.text, captured).certificate, mine.certificate)

    def test_b10_the_certificate_names_the_keys_group_and_a_fresh_edge(self) -> None:
        other_group = make_group("H")
        subject = raw_csr.sequence(
            raw_csr.set_of(raw_csr.sequence(raw_csr.oid("2.5.4.11"), raw_csr.tlv(0x0C, str(other_group.pk).encode()))),
            raw_csr.set_of(
                raw_csr.sequence(raw_csr.oid("2.5.4.3"), raw_csr.tlv(0x0C, b"00000000-0000-4000-8000-000000000000"))
            ),
        )
        enrolled = self.enroll(self.text, raw_csr.request(make_private_key(), subject=subject))
        self.assertEqual(enrolled.group, self.key.group.name)
        self.assertNotEqual(str(enrolled.edge_uuid), "00000000-0000-4000-8000-000000000000")


class SecretTests(EnrollmentTestCase):
    def test_a_right_id_with_a_wrong_secret_is_not_known(self) -> None:
        token = tokens.read(self.text, {tokens.read(self.text, {"api.private.example.com"}).domain})
        forged = tokens.Token(token.domain, token.public_id, bytes(32), token.pin)
        self.assert_refused("invalid_provisioning_key", forged.text)

    def test_b02_a_changed_character_anywhere_is_malformed_without_a_query(self) -> None:
        with self.assertNumQueries(0):
            for position, original in enumerate(self.text):
                changed = self.text[:position] + ("B" if original in "Aa" else "A") + self.text[position + 1 :]
                self.assertEqual(self.refusal(changed, "never looked at"), "malformed_key")

    def test_another_pin_is_no_other_key(self) -> None:
        """The pin protects the edge. Only the secret authorizes."""
        token = tokens.read(self.text, {"api.private.example.com"})
        self.assertEqual(self.refusal(tokens.Token(token.domain, token.public_id, token.secret, bytes(32)).text), "")

    def test_b08_a_fingerprint_planted_in_the_table_opens_nothing(self) -> None:
        token = tokens.mint("api.private.example.com", bytes(32))
        digest = hashes.Hash(hashes.SHA256())
        digest.update(b"psek-v1" + token.public_id + token.secret)
        planted = [digest.finalize(), tokens.fingerprint(token, b""), tokens.fingerprint(token, bytes(32))]
        for fingerprint in planted:
            ProvisioningKey.objects.filter(pk=self.key.pk).update(fingerprint=fingerprint)
            with self.subTest(fingerprint.hex()):
                self.assert_refused("invalid_provisioning_key", token.text)

    def test_b08_the_fingerprint_of_one_key_does_not_open_another(self) -> None:
        key, text = make_key()
        other = ProvisioningKey.objects.get(pk=self.key.pk)
        ProvisioningKey.objects.filter(pk=key.pk).update(fingerprint=other.fingerprint)
        token, mine = (tokens.read(one, {"api.private.example.com"}) for one in (text, self.text))
        forged = tokens.Token(token.domain, token.public_id, mine.secret, token.pin)
        self.assert_refused("invalid_provisioning_key", forged.text)

    def test_a_key_that_is_not_viewable_enrolls(self) -> None:
        _, text = make_key(viewable=False)
        self.assertEqual(self.refusal(text), "")

    @override_settings(CLOUD_DOMAIN="api.new.example.com", CLOUD_DOMAIN_ALIASES=["api.private.example.com"])
    def test_keys_of_an_alias_domain_enroll_and_the_certificate_names_the_main_one(self) -> None:
        enrolled = self.enroll(self.text)
        self.assertIn(b"https://api.new.example.com/edges/", bytes(IssuedCertificate.objects.get().der))
        self.assertFalse(enrolled.replayed)

    @override_settings(CLOUD_DOMAIN="api.new.example.com")
    def test_b06_keys_of_another_cloud_are_refused(self) -> None:
        self.assert_refused("wrong_cloud", self.text)

    def test_b05_the_answer_to_another_version_names_none_and_the_docs_do(self) -> None:
        for version in ("0", "2", "01", "\u0661"):
            response = self.post(version + self.text[1:])
            self.assert_problem(response, "malformed_key")
            self.assertNotRegex(response.json()["detail"], r"version|1\|")
        self.assertNotRegex(REFUSALS["malformed_key"].detail, r"\d|version")
        self.assertIn("version `1`", (ROOT / "docs" / "enrollment.md").read_text())

    def test_b06_the_domain_of_a_key_is_compared_and_nothing_is_asked_there(self) -> None:
        token = tokens.read(self.text, {"api.private.example.com"})
        foreign = tokens.Token("localhost.attacker.example", token.public_id, token.secret, token.pin)
        asked = AssertionError("a key's domain was looked up")
        with (
            mock.patch("socket.getaddrinfo", side_effect=asked),
            mock.patch("socket.create_connection", side_effect=asked),
        ):
            self.assert_problem(self.post(foreign.text), "wrong_cloud")
