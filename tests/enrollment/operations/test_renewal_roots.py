"""Renewal after the key's signing certificate, CUSTOMER_ID or the group has changed: no edge is lost."""

from __future__ import annotations

import json
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import time_machine
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.test import LiveServerTestCase, override_settings

from enrollment import operations, verifying
from enrollment.edge import enrolling
from enrollment.edge.key_pair import make_key_pair, to_pem
from enrollment.edge.outcomes import Stop
from enrollment.edge.store import EdgeDirectory
from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations import renewal_roots
from enrollment.operations.revocation_lists import newest_list
from enrollment.pki import issuance
from enrollment.pki.issuance import pin_of
from keys import trust_anchors
from keys.crypto import tokens
from keys.models import ProvisioningKey, SigningCertificate, VendorGate
from keys.operations import delete_key, edit_key, generate_certificate
from portal.models import AuditEvent
from tests.enrollment.base import ENROLL, CommittedEnrollmentTestCase, make_issuer, now
from tests.enrollment.renewal import HEARTBEAT, RENEW, RenewalTestCase, changed_while_signing, signed_body
from tests.enrollment.revocation import serials
from tests.factories import ACTOR, EDGE, make_csr, make_group, make_private_key


def make_other_root() -> SigningCertificate:
    """An issuer below a root that is not the preloaded one."""
    root = SigningCertificate(name="Other Root")
    generate_certificate(root, key_type="EC P-256", days=3650, actor=ACTOR)
    issuer = SigningCertificate(name="Other Issuer", parent=root)
    generate_certificate(issuer, key_type="EC P-256", days=1825, actor=ACTOR)
    return issuer


def move(key: ProvisioningKey, certificate: SigningCertificate) -> None:
    current = ProvisioningKey.objects.get(pk=key.pk)
    current.signing_certificate = certificate
    edit_key(current, fields=["signing_certificate"], version=current.version, actor=ACTOR, different_root=True)


def disable(*certificates: SigningCertificate) -> None:
    """Also a key that the vendor manages, as a manifest of the vendor changes it."""
    VendorGate.objects.update_or_create(id=1, defaults={"open": True})
    SigningCertificate.objects.filter(pk__in=[each.pk for each in certificates]).update(enabled=False)
    VendorGate.objects.update(open=False)


def organization(pem: str) -> str:
    subject = x509.load_pem_x509_certificate(pem.encode()).subject
    return str(subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)


def unit(pem: str) -> str:
    subject = x509.load_pem_x509_certificate(pem.encode()).subject
    return str(subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value)


class IssuerTests(RenewalTestCase):
    """The choice of the signing certificate for the next certificate of an edge."""

    def setUp(self) -> None:
        super().setUp()
        self.other = make_other_root()

    def issuer(self) -> str:
        return self.row(self.renew().certificate).issuer.name

    def test_a_key_below_another_root_leaves_its_edges_below_the_old_one(self) -> None:
        move(self.key, self.other)
        renewed = self.renew()
        self.assertEqual(self.row(renewed.certificate).issuer_id, self.old.issuer_id)
        self.assertEqual(renewed.trust_anchor, self.first.trust_anchor)

    def test_below_the_same_root_the_certificate_of_the_key_comes_first(self) -> None:
        move(self.key, make_issuer("Next"))
        self.assertEqual(self.issuer(), "Next")

    def test_when_the_certificate_of_the_key_has_ended_the_old_issuer_goes_on(self) -> None:
        ended = make_issuer("Ended", days=30, at=now() - timedelta(days=40))
        ProvisioningKey.objects.filter(pk=self.key.pk).update(signing_certificate=ended)
        self.assertEqual(self.issuer(), "Service Edge")

    def test_when_the_old_issuer_cannot_sign_another_one_of_that_root_does(self) -> None:
        move(self.key, self.other)
        disable(self.old.issuer)
        make_issuer("Longest", days=3650 * 2)
        self.assertEqual(self.issuer(), "Longest")

    def test_the_root_itself_comes_last(self) -> None:
        move(self.key, self.other)
        disable(*SigningCertificate.objects.filter(parent__name="Root"))
        self.assertEqual(self.issuer(), "Root")

    def test_without_the_key_too(self) -> None:
        delete_key(ProvisioningKey.objects.get(pk=self.key.pk), actor=ACTOR)
        disable(self.old.issuer)
        self.assertEqual(self.row(self.renew().certificate).issuer.parent.name, "Root")

    def test_when_none_of_the_old_root_can_sign_it_is_refused_and_told_to_wait(self) -> None:
        move(self.key, self.other)
        disable(*SigningCertificate.objects.exclude(pk__in=[self.other.pk, self.other.parent_id]))
        self.assert_not_renewed("issuer_unavailable")

    def test_d06_a_disabled_certificate_of_the_key_stops_renewals_below_its_root(self) -> None:
        disable(self.old.issuer)
        self.assert_not_renewed("issuer_unavailable")

    def test_a_root_with_the_same_key_is_the_same_root(self) -> None:
        """A renewed root: it has other dates and the same key, so the pin is the same."""
        root = SigningCertificate.objects.get(name="Root")
        SigningCertificate.objects.filter(pk=self.other.parent_id).update(
            der=bytes(root.der), fingerprint="0" * 64, serial="1"
        )
        SigningCertificate.objects.filter(pk__in=[self.other.pk, self.other.parent_id]).update(
            trust_anchor_sha256=root.trust_anchor_sha256
        )
        move(self.key, self.other)
        self.assertEqual(self.issuer(), "Other Issuer")


class ReplacedTests(RenewalTestCase):
    """A recorded renewal that its edge never used, and that would be issued with other values now."""

    def setUp(self) -> None:
        super().setUp()
        self.other, self.next = make_other_root(), make_private_key()
        self.csr = make_csr(self.next)

    def renew_below(self, issuer: SigningCertificate) -> IssuedCertificate:
        """As earlier versions did: below the key's certificate, whatever its root is."""
        with mock.patch.object(renewal_roots, "issuer_for", return_value=issuer):
            return self.row(self.renew(self.csr).certificate)

    def assert_replaced(self, recorded: IssuedCertificate) -> Any:
        """The same request gets another certificate, which is repeated from then on. The recorded one is revoked."""
        known = AuditEvent.objects.count()
        replaced = self.renew(self.csr)
        self.assertFalse(replaced.replayed)
        new, old = self.row(replaced.certificate), IssuedCertificate.objects.get(pk=recorded.pk)
        self.assertEqual((old.revocation_reason, old.revoked_at is None), ("superseded", False))
        self.assertEqual((new.renews_id, new.replaces_id, new.revoked_at), (self.old.pk, recorded.pk, None))
        # Already stored, so no request has to build it first.
        stored = x509.load_der_x509_crl(bytes(newest_list(recorded.issuer).der))
        self.assertEqual(serials(stored), {recorded.serial})
        events = AuditEvent.objects.order_by("id")[known:]
        self.assertEqual(
            [(each.action, each.detail.get("serials"), each.detail.get("serial")) for each in events],
            [("edge.revoked", [recorded.serial], None), ("edge.renewed", None, new.serial)],
        )
        again = self.renew(self.csr)
        self.assertEqual((again.replayed, again.certificate), (True, replaced.certificate))
        return replaced

    def test_below_another_root(self) -> None:
        replaced = self.assert_replaced(self.renew_below(self.other))
        self.assertEqual(replaced.trust_anchor, self.first.trust_anchor)
        self.assertEqual(list(verifying.verify(now() - timedelta(days=99), verifying.Tally())), [])

    def test_with_another_customer_id_forth_and_back(self) -> None:
        with override_settings(CUSTOMER_ID="another"):
            recorded = self.row(self.renew(self.csr).certificate)
        self.assertEqual(organization(self.assert_replaced(recorded).certificate), organization(self.first.certificate))

    def test_with_another_group(self) -> None:
        recorded, group = self.row(self.renew(self.csr).certificate), make_group("Moved to")
        type(self.old.edge).objects.filter(pk=self.old.edge_id).update(group=group)
        self.assertEqual(unit(self.assert_replaced(recorded).certificate), str(group.pk))

    def test_that_has_expired_while_the_old_one_has_not(self) -> None:
        """EDGE_CERTIFICATE_DAYS was lowered, and the edge was offline for some days after its request."""
        with override_settings(EDGE_CERTIFICATE_DAYS=1):
            recorded = self.row(self.renew(self.csr).certificate)
        later = recorded.not_after + timedelta(hours=1)
        replaced = operations.renew(self.old, self.csr, caller=EDGE, now=later)
        self.assertEqual((replaced.replayed, self.row(replaced.certificate).replaces_id), (False, recorded.pk))

    def test_for_the_same_key_pair_which_stays_good(self) -> None:
        """The revoked certificate has the same key pair. Neither renewal nor enrollment may be refused for that."""
        self.csr = make_csr(self.private_key)
        replaced = self.row(self.assert_replaced(self.renew_below(self.other)).certificate)
        self.assertTrue(self.enroll(self.text, self.csr).replayed)
        due = replaced.not_after - timedelta(days=1)
        self.assertFalse(operations.renew(replaced, self.csr, caller=EDGE, now=due).replayed)

    def test_but_not_once_it_was_used_to_renew(self) -> None:
        recorded = self.renew_below(self.other)
        with self.assertRaises(Refused):
            operations.renew(recorded, make_csr(), caller=EDGE)
        self.assert_repeated(recorded)

    def test_but_not_once_a_heartbeat_showed_it(self) -> None:
        recorded = self.renew_below(self.other)
        operations.record_contact(recorded, operations.Report())
        self.assert_repeated(recorded)

    def assert_repeated(self, recorded: IssuedCertificate) -> None:
        again = self.renew(self.csr)
        self.assertEqual((again.replayed, self.row(again.certificate).pk), (True, recorded.pk))

    def test_but_not_while_it_would_be_issued_like_that_again(self) -> None:
        recorded = self.row(self.renew(self.csr).certificate)
        move(self.key, make_issuer("Next"))
        self.assert_repeated(recorded)

    def test_but_not_for_another_key_pair(self) -> None:
        self.renew_below(self.other)
        self.assert_not_renewed("certificate_superseded")

    def test_but_not_when_it_was_revoked_already(self) -> None:
        operations.revoke_certificate(self.renew_below(self.other), reason="unspecified", actor=ACTOR)
        self.assert_not_renewed("certificate_revoked", self.csr)

    def test_but_not_while_nothing_of_the_right_root_can_sign(self) -> None:
        recorded = self.renew_below(self.other)
        move(self.key, self.other)
        disable(*SigningCertificate.objects.exclude(pk__in=[self.other.pk, self.other.parent_id]))
        self.assert_not_renewed("issuer_unavailable", self.csr)
        self.assertIsNone(IssuedCertificate.objects.get(pk=recorded.pk).revoked_at)

    def disturbed(self, change: Any) -> Any:
        """The renewal, with `change` made after signing and before recording."""
        with changed_while_signing(change):
            return self.renew(self.csr)

    def test_used_at_the_same_moment_it_is_repeated(self) -> None:
        recorded = self.renew_below(self.other)
        answer = self.disturbed(lambda: operations.record_contact(recorded, operations.Report()))
        self.assertEqual((answer.replayed, self.row(answer.certificate).pk), (True, recorded.pk))

    def test_revoked_at_the_same_moment_it_stays_revoked_and_is_not_replaced(self) -> None:
        recorded = self.renew_below(self.other)
        with self.assertRaises(Refused) as refused:
            self.disturbed(lambda: operations.revoke_certificate(recorded, reason="superseded", actor=ACTOR))
        self.assertEqual(refused.exception.code, "certificate_revoked")
        self.assertFalse(recorded.replacements.exists())

    def test_replaced_at_the_same_moment_by_another_request_that_one_is_repeated(self) -> None:
        self.renew_below(self.other)
        answers: list[Any] = []
        answer = self.disturbed(lambda: answers.append(self.renew(self.csr)))
        self.assertEqual((answer.replayed, answer.certificate), (True, answers[0].certificate))


class TrustAnchorTests(RenewalTestCase):
    """The root that the caller accepts, in `trust_anchor_sha256`: it is checked before signing, at no cost."""

    def setUp(self) -> None:
        super().setUp()
        self.pin = pin_of(self.first.trust_anchor)
        self.other = make_other_root()

    def send(self, csr: str, pin: Any) -> Any:
        body = json.loads(signed_body(self.private_key, self.first.certificate, csr))
        return self.client.post(RENEW, json.dumps(body | {"trust_anchor_sha256": pin}), content_type="application/json")

    def post_pinned(self, csr: str, pin: Any) -> Any:
        body = {"provisioning_key": self.text, "csr": csr, "trust_anchor_sha256": pin}
        return self.client.post(ENROLL, json.dumps(body), content_type="application/json")

    def test_the_pin_of_the_key_is_the_one(self) -> None:
        pin = tokens.read(self.text, {settings.CLOUD_DOMAIN}).pin.hex()
        self.assertEqual(pin, self.pin)
        self.assertEqual(self.post_pinned(make_csr(), pin).status_code, 201)
        self.assertEqual(self.send(make_csr(), pin).status_code, 201)

    def test_a_renewal_below_another_root_is_refused_before_it_is_signed(self) -> None:
        known = AuditEvent.objects.count()
        with mock.patch.object(issuance, "issue") as issue:
            response = self.send(make_csr(), "0" * 64)
        self.assert_problem(response, "trust_anchor_mismatch")
        self.assertEqual((issue.called, IssuedCertificate.objects.count()), (False, 1))
        (event,) = AuditEvent.objects.order_by("id")[known:]
        self.assertEqual((event.action, event.reason), ("edge.refused", "trust_anchor_mismatch"))

    def test_an_answer_is_repeated_only_below_the_root(self) -> None:
        csr = make_csr()
        self.assertEqual(self.send(csr, self.pin).status_code, 201)
        self.assert_problem(self.send(csr, "0" * 64), "trust_anchor_mismatch")
        self.assertEqual(self.send(csr, self.pin).status_code, 200)
        enrolled = make_csr()
        self.assertEqual(self.post_pinned(enrolled, self.pin).status_code, 201)
        self.assert_problem(self.post_pinned(enrolled, "0" * 64), "trust_anchor_mismatch")
        # An answer below the old root stays, whatever the key's signing certificate is now.
        move(self.key, self.other)
        self.assertEqual(self.post_pinned(enrolled, self.pin).status_code, 200)
        uses = self.uses(self.key)
        self.assert_problem(self.post_pinned(make_csr(), self.pin), "trust_anchor_mismatch")
        self.assertEqual(self.uses(self.key), uses)
        self.assertEqual(self.post_pinned(make_csr(), trust_anchors.anchors()[self.other.pk]).status_code, 201)

    def test_another_form_is_malformed(self) -> None:
        for pin in ("", "0" * 63, "0" * 65, self.pin.upper(), f"{self.pin}\n", f" {self.pin}", None, 0, [self.pin]):
            with self.subTest(pin):
                self.assert_problem(self.send(make_csr(), pin), "malformed_request")
                self.assert_problem(self.post_pinned(make_csr(), pin), "malformed_request")

    def test_a_heartbeat_has_none(self) -> None:
        body = signed_body(self.private_key, self.first.certificate, "{}", name="body", purpose="psek-heartbeat-v1")
        sent = json.dumps(json.loads(body) | {"trust_anchor_sha256": self.pin})
        self.assert_problem(self.client.post(HEARTBEAT, sent, content_type="application/json"), "malformed_request")


# Unlike gunicorn, Django's own server sends neither a length nor chunks, one of which the edge needs.
@override_settings(
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", *settings.MIDDLEWARE], SECURE_SSL_REDIRECT=False
)
class EdgeStoryTests(CommittedEnrollmentTestCase, LiveServerTestCase):
    """`enroll_edge` renews while the root and CUSTOMER_ID change, there and back."""

    host = "127.0.0.1"

    def run_edge(self, days: float) -> x509.Certificate:
        """The certificate in the directory after one run, `days` from now."""
        options = enrolling.Options(self.live_server_url, self.directory, key_file=self.key_file)
        with time_machine.travel(now() + timedelta(days=days), tick=True):
            self.said = enrolling.enroll(options, print)
        return x509.load_pem_x509_certificate((self.directory / "certificate.pem").read_bytes())

    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.directory, self.key_file = folder / "edge", folder / "key.txt"
        self.key_file.write_text(self.text)
        self.key_file.chmod(0o600)
        self.home = SigningCertificate.objects.get(name="Service Edge")
        with time_machine.travel(now() - timedelta(days=300), tick=True):
            self.other = make_other_root()

    def test_no_move_strands_an_edge(self) -> None:
        anchors = set()
        self.run_edge(-290)
        for number, (days, certificate, customer) in enumerate((
            (-225, self.other, "1"), (-160, self.home, "1"), (-95, self.other, "another"), (-30, self.home, "1"),
        )):  # fmt: skip
            with self.subTest(number), override_settings(CUSTOMER_ID=customer):
                move(self.key, certificate)
                renewed = self.run_edge(days)
                self.assertTrue(self.said.startswith("Renewed"), self.said)
                self.assertEqual(organization(renewed.public_bytes(Encoding.PEM).decode()), customer)
                anchors.add((self.directory / "trust-anchor.pem").read_text())
        self.assertEqual(len(anchors), 1)
        self.assertEqual(IssuedCertificate.objects.filter(revoked_at=None).count(), 5)

    def test_what_an_older_portal_recorded_below_the_other_root_is_replaced(self) -> None:
        """Recorded below the new root, refused by the edge, and repeated at every request, as a report described."""
        self.run_edge(-70)
        move(self.key, self.other)
        next_pair, old = make_key_pair(), IssuedCertificate.objects.select_related("edge__group").get()
        EdgeDirectory(self.directory).write("next-key.pem", to_pem(next_pair))
        with mock.patch.object(renewal_roots, "issuer_for", return_value=self.other):
            operations.renew(old, make_csr(next_pair), caller=EDGE)
        for certificate in (self.other, self.home):
            move(self.key, certificate)
            self.run_edge(0)
        self.assertTrue(self.said.startswith("Already enrolled"), self.said)
        self.assertEqual(IssuedCertificate.objects.filter(revocation_reason="superseded").count(), 1)

    def test_a_key_below_another_root_costs_no_use(self) -> None:
        move(self.key, self.other)
        with self.assertRaises(Stop) as refused:
            self.run_edge(0)
        self.assertEqual((refused.exception.code, self.uses(self.key)), ("trust_anchor_mismatch", 0))
