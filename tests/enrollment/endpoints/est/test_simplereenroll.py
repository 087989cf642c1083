"""Across modules: POST /.well-known/est/simplereenroll (RFC 7030 §4.2.2), for a certificate a proxy verified.

See test_cacerts.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import OperationalError, transaction
from django.test import override_settings

from enrollment import operations
from enrollment.endpoints import rate_limit
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import renewal_roots
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import delete_key, edit_group
from portal.models import AuditEvent
from tests.enrollment.base import make_issuer, now
from tests.enrollment.endpoints.est.base import EST, EstTestCase, basic, body_of
from tests.enrollment.operations.test_renewal_roots import make_other_root, move
from tests.enrollment.operations.test_renewing import LATER
from tests.enrollment.renewal import RENEW, RenewalTestCase, changed_while_signing, signed_body
from tests.factories import ACTOR, make_csr, make_private_key
from tests.portal.test_client_certificate import forms

SIMPLEREENROLL = f"{EST}/simplereenroll"
behind_a_proxy = override_settings(TRUSTED_PROXIES=["127.0.0.1"])


def handed_over(pem: str) -> str:
    """As nginx's $ssl_client_escaped_cert makes it."""
    return quote(pem, safe="")


class ReenrollTestCase(EstTestCase, RenewalTestCase):
    """`reenroll` is the request as the proxy passes it on, for the certificate `first` unless another is given."""

    def reenroll(self, csr: str | bytes | None = None, pem: str | None = None, **extra: Any) -> Any:
        header = handed_over(self.first.certificate if pem is None else pem)
        extra = {"HTTP_AUTHORIZATION": None, "HTTP_X_CLIENT_CERT": header, **extra}
        sent = body_of(csr or make_csr()) if isinstance(csr, str | None) else csr
        return self.est("", sent, SIMPLEREENROLL, **extra)

    def assert_code(self, response: Any, status: int, code: str) -> None:
        """The renewal is refused, and nothing is issued."""
        self.assert_says(response, status, code)
        self.assertEqual(IssuedCertificate.objects.filter(edge=self.old.edge).count(), self.issued)

    def setUp(self) -> None:
        super().setUp()
        self.issued = 1


@behind_a_proxy
class RenewedTests(ReenrollTestCase):
    def test_d07_the_identity_stays_and_no_use_is_taken(self) -> None:
        uses = self.uses(self.key)
        renewed, old = self.assert_admitted(self.reenroll()), self.first.certificate.encode()
        current = x509.load_pem_x509_certificate(old)
        self.assertEqual((self.uses(self.key), ServiceEdge.objects.count()), (uses, 1))
        self.assertEqual(renewed.subject, current.subject)
        names = [each.extensions.get_extension_for_class(x509.SubjectAlternativeName) for each in (renewed, current)]
        self.assertEqual(names[0], names[1])
        self.assertGreater(renewed.not_valid_after_utc, current.not_valid_after_utc)

    def test_d07_with_the_old_key_pair_or_a_new_one(self) -> None:
        first = self.assert_admitted(self.reenroll(make_csr(self.private_key)))
        self.assertEqual(first.public_key(), self.private_key.public_key())
        other = make_private_key()
        enrolled = self.enroll(self.text, at=now() - LATER)
        second = self.assert_admitted(self.reenroll(make_csr(other), enrolled.certificate))
        self.assertEqual(second.public_key(), other.public_key())

    def test_the_same_request_again_gives_the_same_certificate(self) -> None:
        csr = make_csr()
        first = self.assert_admitted(self.reenroll(csr))
        self.assertEqual(self.assert_admitted(self.reenroll(csr), replayed=True), first)
        self.assertEqual(IssuedCertificate.objects.count(), 2)

    def test_an_answer_lost_here_is_repeated_by_json_and_the_other_way_round(self) -> None:
        csr = make_csr()
        first = self.assert_admitted(self.reenroll(csr))
        body = signed_body(self.private_key, self.first.certificate, csr)
        again = self.client.post(RENEW, body, content_type="application/json")
        self.assertEqual((again.status_code, again["Enrollment-Replay"]), (200, "true"))
        self.assertEqual(x509.load_pem_x509_certificate(again.json()["certificate"].encode()), first)
        self.assertEqual(self.assert_admitted(self.reenroll(csr), replayed=True), first)

    def test_it_is_one_event_with_the_address_of_the_edge(self) -> None:
        known = AuditEvent.objects.count()
        self.assert_admitted(self.reenroll(HTTP_X_FORWARDED_FOR="192.0.2.9"))
        (event,) = AuditEvent.objects.order_by("id")[known:]
        self.assertEqual((event.action, event.outcome, event.client_ip), ("edge.renewed", "success", "192.0.2.9"))

    def test_a_key_moved_to_another_root_leaves_the_edge_below_its_own(self) -> None:
        other, csr = make_other_root(), make_csr()
        with mock.patch.object(renewal_roots, "issuer_for", return_value=other):
            recorded = self.assert_admitted(self.reenroll(csr))
        move(self.key, other)
        replaced = self.assert_admitted(self.reenroll(csr))
        self.assertNotEqual(replaced.issuer, recorded.issuer)
        self.assertEqual(replaced.issuer, x509.load_pem_x509_certificate(self.first.certificate.encode()).issuer)
        self.assertEqual(self.assert_admitted(self.reenroll(csr), replayed=True), replaced)

    def test_it_needs_no_provisioning_key(self) -> None:
        delete_key(ProvisioningKey.objects.get(pk=self.key.pk), actor=ACTOR)
        self.assert_admitted(self.reenroll())

    def test_a_label_changes_nothing(self) -> None:
        label = SigningCertificate.objects.get(name="Client").pk
        response = self.est(
            "", None, f"{EST}/{label}/simplereenroll",
            HTTP_AUTHORIZATION=None, HTTP_X_CLIENT_CERT=handed_over(self.first.certificate),
        )  # fmt: skip
        self.assertEqual(self.assert_admitted(response).issuer.rfc4514_string().split(",")[0], "CN=Service Edge")

    def test_credentials_beside_the_certificate_are_not_looked_at(self) -> None:
        """Some clients always send the credentials that they were configured with."""
        for header in (basic(self.text), basic("nonsense"), "Bearer x"):
            self.assert_admitted(self.reenroll(make_csr(self.private_key), HTTP_AUTHORIZATION=header),
                                 replayed=header != basic(self.text))  # fmt: skip

    def test_rsa_edges_renew_and_rekey_too(self) -> None:
        old = self.enroll(self.text, make_csr(rsa.generate_private_key(65537, 2048)), at=now() - LATER)
        self.assert_admitted(self.reenroll(make_csr(rsa.generate_private_key(65537, 2048)), old.certificate))

    def test_behind_a_unix_socket_and_under_another_name(self) -> None:
        header = handed_over(self.first.certificate)
        with override_settings(TRUSTED_PROXIES=["unix"], CLIENT_CERT_HEADER="X-SSL-Cert"):
            self.assert_says(self.reenroll(REMOTE_ADDR=""), 401, "certificate_required")
            self.assert_admitted(self.reenroll(REMOTE_ADDR="", HTTP_X_CLIENT_CERT=None, HTTP_X_SSL_CERT=header))

    def test_it_is_read_as_each_proxy_writes_it_alone_or_with_those_above(self) -> None:
        texts = [self.first.certificate, *self.first.chain]
        chain = [x509.load_pem_x509_certificate(text.encode()) for text in texts]
        csr, replayed = make_csr(self.private_key), False
        for name, value in {**forms(*chain), **forms(chain[0])}.items():
            with self.subTest(name):
                self.assert_admitted(self.reenroll(csr, HTTP_X_CLIENT_CERT=value), replayed=replayed)
                replayed = True


@behind_a_proxy
class NamesTests(ReenrollTestCase):
    """RFC 7030 §4.2.2 wants the names of the current certificate in the CSR; the portal decides them either way."""

    def names(self, *values: x509.GeneralName, key: Any = None) -> str:
        return make_csr(key, extensions=[(x509.SubjectAlternativeName(values), False)])

    def own(self) -> x509.GeneralName:
        certificate = x509.load_pem_x509_certificate(self.first.certificate.encode())
        (name,) = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return name

    def test_the_edges_own_names_may_be_asked_for(self) -> None:
        self.assert_admitted(self.reenroll(self.names(self.own())))
        self.assertNotIn("ignored_extensions", self.newest_event().detail)

    def test_also_over_json(self) -> None:
        body = signed_body(self.private_key, self.first.certificate, self.names(self.own()))
        response = self.client.post(RENEW, body, content_type="application/json")
        self.assertEqual(response.status_code, 201, response.content)
        self.assertEqual(response.json()["ignored_extensions"], [])

    def test_other_and_further_names_are_ignored_and_remembered(self) -> None:
        other = x509.load_pem_x509_certificate(self.enroll(self.text).certificate.encode())
        (foreign,) = other.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        key = make_private_key()
        for number, values in enumerate([(foreign,), (self.own(), foreign), (x509.DNSName("edge.example"),)]):
            self.assert_admitted(self.reenroll(self.names(*values, key=key)), replayed=number > 0)
            self.assertEqual(self.newest_event().detail["ignored_extensions"], ["subjectAltName"])

    def test_at_enrollment_even_those_are_ignored(self) -> None:
        self.assert_admitted(self.est(self.text, body_of(self.names(self.own()))))
        self.assertEqual(self.newest_event().detail["ignored_extensions"], ["subjectAltName"])

    def test_a_subject_is_ignored(self) -> None:
        """Common clients put in the text that their user typed."""
        renewed = self.assert_admitted(self.reenroll(make_csr(subject="somebody else")))
        self.assertEqual(renewed.subject, x509.load_pem_x509_certificate(self.first.certificate.encode()).subject)


class ProofTests(ReenrollTestCase):
    """H-01: a certificate counts only from a trusted proxy."""

    def test_h01_from_anybody_else_the_header_is_not_there(self) -> None:
        for trusted, peer in (([], "127.0.0.1"), (["192.0.2.1"], "127.0.0.1"), (["127.0.0.1"], "192.0.2.1"),
                              (["unix"], "127.0.0.1"), (["127.0.0.1"], "")):  # fmt: skip
            with self.subTest(trusted=trusted, peer=peer), override_settings(TRUSTED_PROXIES=trusted):
                response = self.reenroll(REMOTE_ADDR=peer)
                self.assert_code(response, 401, "certificate_required")

    @override_settings(TRUSTED_PROXIES=["127.0.0.1"], CLIENT_CERT_HEADER="none")
    def test_it_can_be_switched_off(self) -> None:
        for header in ("HTTP_X_CLIENT_CERT", "HTTP_NONE"):
            sent = {"HTTP_X_CLIENT_CERT": None, header: handed_over(self.first.certificate)}
            self.assert_code(self.reenroll(**sent), 401, "certificate_required")

    @behind_a_proxy
    def test_without_a_certificate_it_is_401_and_costs_nothing(self) -> None:
        known = AuditEvent.objects.count()
        for value in (None, "", "%20"):
            with self.assertNumQueries(0):
                response = self.reenroll(HTTP_X_CLIENT_CERT=value, HTTP_AUTHORIZATION=basic(self.text))
            self.assert_says(response, 401, "certificate_required")
        self.assertEqual((AuditEvent.objects.count(), len(rate_limit.unproved._windows)), (known, 0))

    @behind_a_proxy
    def test_what_is_not_one_certificate_of_ours_is_401(self) -> None:
        first, second = self.first.certificate, self.enroll(self.text).certificate
        shown = {
            "text": "x", "half a certificate": first[:400], "two certificates": first + second, "twice": first * 2,
            "the issuer": self.first.chain[0], "the root": self.first.trust_anchor, "NUL": "\0", "not UTF-8": "\udcff",
            "beside a claim of the client": f"{first},{second}",
        }  # fmt: skip
        for name, pem in shown.items():
            with self.subTest(name):
                sent = pem.encode("utf-8", "surrogateescape")
                self.assert_code(self.reenroll(HTTP_X_CLIENT_CERT=quote(sent, safe="")), 401, "unknown_certificate")

    @behind_a_proxy
    def test_d05_a_certificate_of_a_rogue_ca_of_the_same_name_is_401(self) -> None:
        rogue = make_private_key()
        old = x509.load_pem_x509_certificate(self.first.certificate.encode())
        builder = x509.CertificateBuilder(
            old.issuer, old.subject, old.public_key(), old.serial_number, old.not_valid_before_utc,
            old.not_valid_after_utc, list(old.extensions),
        )  # fmt: skip
        forged = builder.sign(rogue, old.signature_hash_algorithm).public_bytes(Encoding.PEM).decode()
        self.assert_code(self.reenroll(None, forged), 401, "unknown_certificate")


@behind_a_proxy
class RefusedTests(ReenrollTestCase):
    def assert_remembered(self, response: Any, status: int, code: str) -> None:
        self.assert_code(response, status, code)
        event = self.newest_event()
        self.assertEqual((event.action, event.reason, event.object_kind), ("edge.refused", code, "edge"))

    def test_d05_a_revoked_certificate_is_403(self) -> None:
        operations.revoke_certificate(self.old, reason="keyCompromise", actor=ACTOR)
        self.assert_remembered(self.reenroll(), 403, "certificate_revoked")

    def test_d05_an_expired_one_and_one_that_is_not_valid_yet_are_403(self) -> None:
        for at in (now() - timedelta(days=91), now() + timedelta(days=1)):
            shown = self.enroll(self.text, at=at).certificate
            self.assert_remembered(self.reenroll(None, shown), 403, "certificate_expired")

    def test_d05_a_superseded_one_is_409(self) -> None:
        self.reenroll()
        self.issued = 2
        self.assert_remembered(self.reenroll(), 409, "certificate_superseded")

    def test_d05_the_key_pair_of_another_edge_is_409(self) -> None:
        other = make_csr()
        self.enroll(self.text, other)
        self.assert_remembered(self.reenroll(other), 409, "public_key_in_use")

    def test_before_a_third_of_the_life_is_left_it_is_409(self) -> None:
        self.assert_remembered(self.reenroll(None, self.enroll(self.text).certificate), 409, "renewal_not_due")

    def test_d06_a_disabled_edge_is_403(self) -> None:
        edge = ServiceEdge.objects.get(pk=self.old.edge_id)
        edge.enabled = False
        operations.edit_edge(edge, fields=["enabled"], actor=ACTOR)
        self.assert_remembered(self.reenroll(), 403, "edge_disabled")

    def test_d06_a_deleted_edge_is_403(self) -> None:
        operations.delete_edge(ServiceEdge.objects.get(pk=self.old.edge_id), actor=ACTOR)
        self.assert_remembered(self.reenroll(), 403, "certificate_revoked")

    def test_d06_a_disabled_group_is_403(self) -> None:
        group = self.old.edge.group
        group.enabled = False
        edit_group(group, fields=["enabled"], version=group.version, actor=ACTOR)
        self.assert_remembered(self.reenroll(), 403, "group_disabled")

    def test_d06_a_disabled_issuer_is_503(self) -> None:
        self.disable_issuer()
        self.assert_remembered(self.reenroll(), 503, "issuer_unavailable")

    def test_a_bad_csr_is_422(self) -> None:
        self.assert_remembered(self.reenroll(b"AAAA"), 422, "csr_malformed")

    def test_other_forms_are_400_411_413_and_415(self) -> None:
        self.assert_code(self.reenroll(HTTP_TRANSFER_ENCODING="chunked"), 411, "length_required")
        self.assert_code(self.reenroll(b"x" * 16_385), 413, "too_large")
        self.assert_code(self.reenroll(content_type="text/plain"), 415, "unsupported_media_type")
        self.assert_code(self.reenroll(QUERY_STRING="a=b"), 400, "malformed_request")

    def test_h05_too_many_unknown_certificates_are_429_and_a_known_one_still_passes(self) -> None:
        for _ in range(rate_limit.unproved.limit):
            rate_limit.unproved.count("127.0.0.0/24")
        response = self.reenroll(None, "x")
        self.assert_code(response, 429, "rate_limited")
        self.assertTrue(1 <= int(response["Retry-After"]) <= 60)
        self.assert_admitted(self.reenroll())

    def test_a_database_that_is_away_is_503(self) -> None:
        with mock.patch.object(IssuedCertificate, "objects") as objects:
            objects.select_related.side_effect = OperationalError("away")
            response = self.reenroll()
        self.assert_says(response, 503, "busy")
        self.assertEqual(response["Retry-After"], "5")


@behind_a_proxy
class JudgedAgainTests(ReenrollTestCase):
    """D-06: a change between reading and signing is noticed in the transaction."""

    def refused_when(self, change: Any) -> Any:
        with changed_while_signing(change):
            return self.reenroll()

    def test_d06_each_change_is_seen(self) -> None:
        edges, rows = ServiceEdge.objects.filter(pk=self.old.edge_id), IssuedCertificate.objects.filter(pk=self.old.pk)
        group, own = self.old.edge.group, make_issuer()
        ProvisioningKey.objects.filter(pk=self.key.pk).update(signing_certificate=own)
        changes = {
            "issuer_unavailable": (503, lambda: SigningCertificate.objects.filter(pk=own.pk).update(enabled=False)),
            "group_disabled": (403, lambda: type(group).objects.filter(pk=group.pk).update(enabled=False)),
            "edge_disabled": (403, lambda: edges.update(enabled=False)),
            "certificate_revoked": (403, lambda: rows.update(revoked_at=now(), revocation_reason="unspecified")),
        }
        for code, (status, change) in changes.items():
            with self.subTest(code), transaction.atomic():
                self.assert_code(self.refused_when(change), status, code)
                transaction.set_rollback(True)

    def test_c14_a_key_pair_that_is_revoked_meanwhile(self) -> None:
        """Renewal with the key pair of an earlier certificate, which is revoked at the same moment."""
        lost = make_private_key()
        second = self.row(self.renew(make_csr(lost)).certificate)
        third = operations.renew(second, make_csr(), caller=ACTOR, now=second.not_after - timedelta(days=1))
        shown = self.row(third.certificate)
        rows = IssuedCertificate.objects.filter(pk=second.pk)
        revoked = {"revoked_at": now(), "revocation_reason": "keyCompromise"}
        with (
            changed_while_signing(lambda: rows.update(**revoked)),
            self.assertRaisesMessage(Exception, "certificate_revoked"),
        ):
            operations.renew(shown, make_csr(lost), caller=ACTOR, now=shown.not_after - timedelta(days=1))
        self.assertEqual(IssuedCertificate.objects.filter(edge=self.old.edge).count(), 3)
