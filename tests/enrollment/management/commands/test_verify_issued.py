"""`manage.py verify_issued` names each value that was changed past operations and triggers."""

from __future__ import annotations

import functools
import hashlib
import io
import random
import re
import subprocess
import sys
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from enrollment import operations, verifying
from enrollment.models import IssuedCertificate, RevocationList, ServiceEdge
from enrollment.operations import issuers, revoking
from keys.errors import Invalid
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import generate_certificate
from keys.operations.signing_certificates import authority_of, describe, insert, seal_private_key
from portal import triggers
from portal.models import AuditEvent
from tests.enrollment.base import EnrollmentTestCase, make_issuer, now
from tests.factories import ACTOR, EDGE, make_csr, make_group, make_key
from tests.keys import authorities
from tests.support.html import the, words
from tests.support.live import ROOT

SINCE = "2020-01-01"
LATER = timedelta(days=70)
NO_EVENT = "it is revoked and no event names it"


class VerifyingTestCase(EnrollmentTestCase):
    """Three edges, of which one renewed and one is revoked and listed."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        issuers.forget_all()
        enroll = functools.partial(operations.enroll, cls.text, caller=EDGE)
        enroll(make_csr(), now=now() - LATER)
        cls.old = IssuedCertificate.objects.select_related("edge__group").get()
        operations.renew(cls.old, make_csr(), caller=EDGE)
        cls.new = IssuedCertificate.objects.latest("id")
        enroll(make_csr())
        cls.other = IssuedCertificate.objects.latest("id")
        enroll(make_csr())
        cls.revoked = IssuedCertificate.objects.latest("id")
        operations.revoke_certificate(cls.revoked, reason="keyCompromise", actor=ACTOR)

    def run_command(self, since: str = SINCE, *, mend: bool = False) -> tuple[bool, list[str], str]:
        """Whether there are no faults, the lines of faults, and the summary."""
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command("verify_issued", since=verify_moment(since), mend=mend, stdout=out, stderr=err)
        except CommandError:
            return False, out.getvalue().splitlines(), err.getvalue()
        return True, out.getvalue().splitlines(), err.getvalue()

    def assert_found(self, *expected: str) -> None:
        """Exactly these lines, each given as a part of it, in any order."""
        sound, lines, _ = self.run_command()
        self.assertFalse(sound)
        missing = [part for part in expected if not any(part in line for line in lines)]
        # An edge holds ends of its certificates, which differ from those of a tampered one.
        unexpected = [line for line in lines if not any(part in line for part in expected)]
        extra = [line for line in unexpected if not line.startswith("edge ")]
        self.assertEqual((missing, extra), ([], []), lines)

    def tamper(self, row: Any, **values: Any) -> None:
        triggers.drop_all()
        type(row).objects.filter(pk=row.pk).update(**values)


def verify_moment(text: str) -> Any:
    from enrollment.management.commands.verify_issued import _moment

    return _moment(text)


class SoundTests(VerifyingTestCase):
    def test_what_the_operations_wrote_is_sound(self) -> None:
        sound, lines, summary = self.run_command()
        self.assertEqual(lines, [])
        self.assertTrue(sound)
        self.assertIn("4 certificates, 4 events, 1 key, 1 revocation list: 0 faults", summary)
        # As pages name it.
        err = io.StringIO()
        call_command("verify_issued", stderr=err)
        self.assertEqual(err.getvalue(), summary)

    def test_every_kind_of_issuer_key_and_a_deleted_key_are_sound(self) -> None:
        for kind in ("EC P-384", "RSA 3072"):
            _, text = make_key(signing_certificate=make_issuer(kind, key_type=kind))
            self.enroll(text)
        from keys.operations import delete_key

        delete_key(ProvisioningKey.objects.get(pk=self.key.pk), actor=ACTOR)
        self.assertEqual(self.run_command()[1], [])

    def test_only_what_was_issued_since_is_looked_at(self) -> None:
        self.tamper(self.old, fingerprint="0" * 64)
        sound, lines, summary = self.run_command((now() - timedelta(days=1)).isoformat())
        self.assertEqual((sound, lines), (True, []))
        self.assertIn("3 certificates, 3 events", summary)

    def test_it_streams_and_writes_nothing(self) -> None:
        before = [list(model.objects.order_by("pk").values()) for model in (IssuedCertificate, AuditEvent, ServiceEdge)]
        with self.assertNumQueries(32):
            list(verifying.verify(verify_moment(SINCE), verifying.Tally()))
        after = [list(model.objects.order_by("pk").values()) for model in (IssuedCertificate, AuditEvent, ServiceEdge)]
        self.assertEqual(before, after)

    def test_batches_follow_each_other_without_gap(self) -> None:
        from unittest import mock

        from enrollment.verifying import faults

        with mock.patch.object(faults, "BATCH", 1):
            self.assertEqual(self.run_command()[1], [])

    def test_another_address_of_the_portal_since_then_is_no_fault(self) -> None:
        with override_settings(PKI_URL="http://elsewhere.example:8000/base", CLOUD_DOMAIN_ALIASES=[]):
            self.assertEqual(self.run_command()[1], [])
        with override_settings(CLOUD_DOMAIN="new.example.com", CLOUD_DOMAIN_ALIASES=["api.private.example.com"]):
            self.assertEqual(self.run_command()[1], [])


@pytest.mark.once
class CertificateTests(VerifyingTestCase):
    """Certificates are compared with their rows in Python, and the queries are those of the other tests."""

    def test_the_fingerprint(self) -> None:
        self.tamper(self.other, fingerprint="0" * 64)
        self.assert_found("its fingerprint is not the row's")

    def test_the_serial(self) -> None:
        self.tamper(self.other, serial="4" * 38)
        event = f"edge.enrolled of certificate {self.other.serial}, which is missing"
        self.assert_found("its serial is not the row's", "0 events edge.enrolled instead of 1", event)

    def test_the_public_key(self) -> None:
        self.tamper(self.other, spki_sha256="0" * 64)
        self.assert_found("its public key is not the row's")

    def test_the_validity(self) -> None:
        self.tamper(self.other, not_after=self.other.not_after + timedelta(seconds=1))
        self.assert_found("its validity is not the row's")

    def test_a_validity_of_more_than_397_days(self) -> None:
        self.tamper(self.other, not_after=self.other.not_after + timedelta(days=400))
        self.assert_found("its validity is not the row's", "it is valid for more than 397 days")

    def test_the_time_of_issue(self) -> None:
        self.tamper(self.other, issued_at=self.other.issued_at - timedelta(hours=1))
        self.assert_found("the row's time of issue does not fit its validity")

    def test_the_issuer(self) -> None:
        self.tamper(self.other, issuer=make_issuer())
        self.assert_found("its issuer is not the row's", "its signature is not its issuer's", "its extensions are not")

    def test_an_issuer_whose_time_came_later(self) -> None:
        self.tamper(self.other, issuer=make_issuer(at=now() + timedelta(days=2)))
        found = ["the row's time of issue does not fit", "its validity within the issuer's is exceeded"]
        self.assert_found(*found, "its issuer", "its signature", "its extensions")

    def test_the_issuers_certificate(self) -> None:
        self.tamper(self.key.signing_certificate, fingerprint="0" * 64)
        self.assert_found("the fingerprint of its issuer is not the issuer's row's", "'Service Edge': its fingerprint")

    def test_a_ca_that_no_verifier_accepts_though_it_was_stored(self) -> None:
        """A CA from before uploads were checked: its identifier of the issuer's key is that of another key."""
        root = authorities.ca()
        foreign = x509.AuthorityKeyIdentifier(b"\1" * 20, None, None)
        made = authorities.ca("Old", root, no_issuer_identifier=True, more=((foreign, False),))
        above, record = SigningCertificate(name="Above"), SigningCertificate(name="Old")
        for each, certificate in ((above, root), (record, made)):
            describe(each, certificate.certificate)
        insert(above, actor=ACTOR, source="")
        record.parent = above
        seal_private_key(record, made.key)
        insert(record, actor=ACTOR, source="")
        self.assert_found("issuer 'Old': verifiers refuse what it signs: “Old” names the key 01:01")
        self.sign_in("ada")
        page = self.client.get(record.get_absolute_url())
        self.assertRegex(words(the(page, ".verdict")), "Not all of them “Old” names the key 01:01")
        verdict = words(the(self.client.get(above.get_absolute_url()), ".verdict"))
        self.assertRegex(verdict, r"Yes As a parent")

    def test_no_page_says_of_an_older_ca_that_openssl_accepts_it(self) -> None:
        """No rule covers an empty subjectAltName; OpenSSL's strict checks do."""
        empty = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\0")
        made = authorities.ca("Old", more=((empty, False),))
        record = SigningCertificate(name="Old")
        describe(record, made.certificate)
        seal_private_key(record, made.key)
        insert(record, actor=ACTOR, source="")
        self.assert_found("issuer 'Old': verifiers refuse what it signs: OpenSSL refuses a test certificate")
        self.sign_in("ada")
        self.assertNotContains(self.client.get(record.get_absolute_url()), "OpenSSL accepts")
        with self.assertRaises(Invalid) as refused:
            generate_certificate(
                SigningCertificate(name="Child", parent=record), key_type="EC P-256", days=9, actor=ACTOR
            )
        self.assertEqual(
            str(refused.exception),
            "No CA below “Old” works (Empty Subject Alternative Name extension). Choose another parent.",
        )

    def test_the_issuers_certificate_with_a_changed_name(self) -> None:
        issuer = self.key.signing_certificate
        der = bytes(issuer.der).replace(b"Service Edge", b"Service Edgy")
        self.tamper(issuer, der=der, fingerprint=hashlib.sha256(der).hexdigest())
        found = ["its issuer is not the row's", "its signature is not", "'Service Edge': the certificate above it did"]
        self.assert_found(*found, "the profile: issuer")

    def test_bytes_that_cannot_be_read_hide_nothing_behind_them(self) -> None:
        """Certificates damaged in many ways: each is reported, and none ends the command."""
        chance = random.Random(1)
        issued, issuer, revocations = self.other, self.key.signing_certificate, RevocationList.objects.get()
        # Faults of an issuer are also faults of what it signed, so that it is damaged alone.
        names = {
            issued: f"certificate {issued.serial}: ",
            revocations: f"list {revocations.number} of 'Service Edge': ",
        }
        damaged = [{issuer: "issuer 'Service Edge': "}, names]
        for rows in damaged:
            for _ in range(40):
                for row in rows:
                    der = bytearray(bytes(row.der))
                    der[chance.randrange(len(der))] ^= 1 << chance.randrange(8)
                    self.tamper(row, der=bytes(der))
                sound, lines, _ = self.run_command()
                self.assertFalse(sound)
                for name in rows.values():
                    self.assertTrue(any(name in line for line in lines), (name, lines))
            for row in rows:
                self.tamper(row, der=bytes(row.der))
        self.assertEqual(self.run_command()[1], [])

    def test_the_edge(self) -> None:
        self.tamper(self.other.edge, uuid="11111111-1111-4111-8111-111111111111")
        event = f"edge.enrolled of certificate {self.other.serial}, which is missing"
        self.assert_found("its common name is not the edge's UUID", "its extensions", "0 events edge.enrolled", event)

    def test_the_group(self) -> None:
        self.tamper(self.other.edge, group=make_group())
        self.assert_found("its unit is not the edge's group")

    def test_the_organization(self) -> None:
        with override_settings(CUSTOMER_ID="another"):
            self.assert_found("its organization is not CUSTOMER_ID")

    def test_a_flipped_bit_of_the_signature(self) -> None:
        der = bytearray(bytes(self.other.der))
        der[-1] ^= 1
        self.tamper(self.other, der=bytes(der), fingerprint=hashlib.sha256(der).hexdigest())
        self.assert_found("its signature is not its issuer's")

    def test_rubbish_in_place_of_it(self) -> None:
        self.tamper(self.other, der=b"\x30\x00", fingerprint=hashlib.sha256(b"\x30\x00").hexdigest())
        self.assert_found("it cannot be parsed")

    def test_a_certificate_for_servers_signed_by_the_right_key(self) -> None:
        """A good signature by a stolen CA key does not hide the fault."""
        honest = x509.load_der_x509_certificate(bytes(self.other.der))
        der = resigned(honest, authority_of(self.key.signing_certificate).private_key)
        self.tamper(self.other, der=der, fingerprint=hashlib.sha256(der).hexdigest())
        self.assert_found("its extensions are not those of the profile")


class EventTests(VerifyingTestCase):
    def event(self, row: IssuedCertificate) -> AuditEvent:
        return AuditEvent.objects.get(action__in=["edge.enrolled", "edge.renewed"], detail__serial=row.serial)

    def test_an_enrollment_without_its_event(self) -> None:
        self.tamper(self.event(self.other), action="edge.edited")
        self.assert_found(f"certificate {self.other.serial}: 0 events edge.enrolled instead of 1")

    def test_a_renewal_without_its_event(self) -> None:
        self.tamper(self.event(self.new), action="edge.edited")
        self.assert_found(f"certificate {self.new.serial}: 0 events edge.renewed instead of 1")

    def test_an_event_too_many(self) -> None:
        event = self.event(self.other)
        event.pk = None
        event.save()
        self.assert_found(f"certificate {self.other.serial}: 2 events edge.enrolled instead of 1")

    def test_an_enrollment_told_as_a_renewal(self) -> None:
        self.tamper(self.event(self.other), action="edge.renewed")
        self.assert_found("0 events edge.enrolled instead of 1", "an event edge.renewed that it cannot have")

    def test_an_event_whose_certificate_was_taken_away(self) -> None:
        triggers.drop_all()
        IssuedCertificate.objects.filter(pk=self.other.pk).delete()
        self.assert_found(f"edge.enrolled of certificate {self.other.serial}, which is missing")

    def test_an_event_whose_detail_is_no_object(self) -> None:
        self.tamper(self.event(self.other), detail=["serial"])
        self.assert_found(f"certificate {self.other.serial}: 0 events", "edge.enrolled of certificate None")

    def test_a_revocation_that_was_taken_back_together_with_its_list(self) -> None:
        self.tamper(self.revoked, revoked_at=None, revocation_reason="", listed_at=None)
        RevocationList.objects.all().delete()
        self.assert_found(f"certificate {self.revoked.serial}: an event edge.revoked names it, and it is valid")

    def test_a_revocation_without_its_event(self) -> None:
        """Neither another event of its edge nor that of its key names the certificate, nor that of a deleted edge."""
        operations.delete_edge(self.other.edge, actor=ACTOR)
        operations.revoke_key(self.key.public_id, reason="superseded", actor=ACTOR)
        self.assertEqual(self.run_command()[1], [])
        event = AuditEvent.objects.get(action="edge.revoked", object_id=str(self.new.edge.uuid))
        self.tamper(event, detail={**event.detail, "certificates": 1, "serials": [self.old.serial]})
        self.assert_found(f"certificate {self.new.serial}: {NO_EVENT}")
        triggers.drop_all()
        event.delete()
        self.assert_found(f"certificate {self.new.serial}: {NO_EVENT}", f"certificate {self.old.serial}: {NO_EVENT}")

    def test_an_event_of_more_certificates_than_it_names(self) -> None:
        """It holds their number, which one more revocation exceeds."""
        with patch.object(revoking, "MOST_SERIALS", 1):
            operations.revoke_edge(self.new.edge, reason="superseded", actor=ACTOR)
        self.assertEqual(self.run_command()[1], [])
        event = AuditEvent.objects.get(action="edge.revoked", object_id=str(self.new.edge.uuid))
        self.tamper(event, detail={**event.detail, "certificates": 1})
        self.assert_found(f"certificate {self.old.serial}: {NO_EVENT}")


class CountTests(VerifyingTestCase):
    def test_an_edge_that_was_taken_away_with_all_that_tells_of_it(self) -> None:
        triggers.drop_all()
        AuditEvent.objects.filter(object_id=str(self.other.edge.uuid)).delete()
        IssuedCertificate.objects.filter(pk=self.other.pk).delete()
        ServiceEdge.objects.filter(pk=self.other.edge_id).delete()
        self.assert_found(f"key {self.key.public_id}: edges are missing: it took 3 uses and admitted 2")

    def test_an_edge_that_holds_wrong_ends_of_its_certificates(self) -> None:
        edge = self.revoked.edge
        self.tamper(edge, revoked_from=None, certificate_until=self.other.not_after)
        self.assert_found(
            f"edge {edge.uuid}: it holds None as when it is revoked from instead of 1970-01-01",
            f"edge {edge.uuid}: it holds {self.other.not_after} as the end of its certificate instead of 1970-01-01",
        )
        _, found, _ = self.run_command()
        sound, lines, summary = self.run_command(mend=True)
        # Of an attack they may be the last trace.
        self.assertEqual((sound, lines), (True, [f"{line} (mended)" for line in found]), summary)
        self.assertIn("Mended 1 edge.", summary)
        sound, lines, summary = self.run_command(mend=True)
        self.assertEqual((sound, lines), (True, []), summary)
        self.assertIn("Mended 0 edges.", summary)

    def test_a_count_below_the_edges(self) -> None:
        self.tamper(self.key, uses=2)
        self.assert_found(f"key {self.key.public_id}: it counts 2 uses and admitted 3 edges, up to 3")

    def test_a_use_number_beyond_the_count(self) -> None:
        self.tamper(self.other.edge, use_number=9)
        self.assert_found("it counts 3 uses and admitted 3 edges, up to 9")

    def test_a_use_taken_twice(self) -> None:
        triggers.drop_all()
        # On SQLite the rule is part of the table; there a number can be had twice only by another spelling of the key.
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("ALTER TABLE enrollment_serviceedge DROP CONSTRAINT edge_is_one_use_of_its_key")
            ServiceEdge.objects.filter(pk=self.other.edge_id).update(use_number=1)
            self.assert_found("3 edges share 2 uses")

    def test_a_serial_issued_twice(self) -> None:
        self.tamper(self.other, issuer=make_issuer(), serial=self.new.serial)
        _, lines, _ = self.run_command()
        self.assertEqual(len([line for line in lines if "its serial was issued twice" in line]), 2)


class ListTests(VerifyingTestCase):
    def test_a_revoked_one_that_is_not_on_the_list(self) -> None:
        self.tamper(self.other, revoked_at=now(), revocation_reason="unspecified", listed_at=now())
        self.assert_found(
            f"certificate {self.other.serial}: it is revoked and not on the list of 'Service Edge'", NO_EVENT
        )

    def test_a_listed_one_that_is_not_revoked(self) -> None:
        self.tamper(self.revoked, revoked_at=None, revocation_reason="", listed_at=None)
        event = "an event edge.revoked names it"
        self.assert_found(f"certificate {self.revoked.serial}: it is on the list of 'Service Edge'", event)

    def test_a_list_that_is_gone(self) -> None:
        triggers.drop_all()
        RevocationList.objects.all().delete()
        self.assert_found(f"certificate {self.revoked.serial}: it is revoked and not on the list")

    def test_a_list_with_other_facts_than_its_row(self) -> None:
        newest = RevocationList.objects.get()
        self.tamper(newest, number=newest.number + 1)
        self.assert_found("it differs from its row or from the profile: extensions")
        self.tamper(newest, number=newest.number, size=2)
        self.assert_found("the profile: size")
        self.tamper(newest, size=1, next_update=newest.next_update + timedelta(days=1))
        self.assert_found("the profile: validity")

    def test_a_list_that_somebody_else_signed(self) -> None:
        newest = RevocationList.objects.get()
        der = bytearray(bytes(newest.der))
        der[-1] ^= 1
        self.tamper(newest, der=bytes(der))
        self.assert_found("the profile: signature")
        self.tamper(newest, der=b"rubbish")
        self.assert_found("it cannot be parsed")


class UsageTests(VerifyingTestCase):
    def test_dates(self) -> None:
        for text in ("2026-11-24", "2026-11-24T12:00:00", "2026-11-24T12:00:00Z", "2026-11-24T12:00:00+02:00"):
            self.assertIsNotNone(verify_moment(text).tzinfo)

    def test_secrets_and_names_of_machines_are_not_printed(self) -> None:
        self.tamper(self.other, fingerprint="0" * 64)
        _, lines, summary = self.run_command()
        self.assertEqual(len(lines), 1)
        self.assertTrue(all(re.fullmatch(r"certificate [0-9a-f]+: [a-z' ]+", line) for line in lines), lines)
        self.assertNotIn(self.text, summary)


@pytest.mark.once
def test_wrong_usage_is_exit_2() -> None:
    command = [sys.executable, "manage.py", "verify_issued", "--since", "yesterday"]
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": ""}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 2, result.stderr
    assert "a date is written 2026-11-24" in result.stderr


def resigned(honest: x509.Certificate, key: Any) -> bytes:
    """The same certificate, but for servers too, over a good signature."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(honest.subject)
        .issuer_name(honest.issuer)
        .public_key(honest.public_key())
        .serial_number(honest.serial_number)
        .not_valid_before(honest.not_valid_before_utc)
        .not_valid_after(honest.not_valid_after_utc)
    )
    usages = [x509.ExtendedKeyUsageOID.CLIENT_AUTH, x509.ExtendedKeyUsageOID.SERVER_AUTH]
    for extension in honest.extensions:
        value = x509.ExtendedKeyUsage(usages) if isinstance(extension.value, x509.ExtendedKeyUsage) else extension.value
        builder = builder.add_extension(value, extension.critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
