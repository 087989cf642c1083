"""Uploading CAs made elsewhere: what comes in, and each fault by its code (D-09)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from enrollment.operations import enroll
from keys import errors, operations
from keys.crypto import authority_chains, authority_rules
from keys.crypto.uploaded_pem import MOST_BYTES
from keys.models import SigningCertificate
from keys.operations.signing_certificates import private_key_of
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.keys import authorities, ca_examples
from tests.keys.weak_moduli import WEAK


def upload(*given: authorities.CA, key: bytes = b"", name: str = "Uploaded") -> SigningCertificate:
    record = SigningCertificate(name=name)
    text = b"".join(each.pem for each in given)
    operations.upload_chain(record, text, private_key_pem=key, actor=ACTOR)
    return record


class UploadTestCase(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.root = authorities.ca()
        cls.own = authorities.ca("Corporate Edges", cls.root)

    def assert_fault(self, code: str, *given: authorities.CA, key: bytes = b"") -> errors.BadCertificate:
        with self.assertRaises(errors.BadCertificate) as refused:
            upload(*given, key=key)
        self.assertEqual(refused.exception.code, code)
        self.assertFalse(SigningCertificate.objects.exists())
        return refused.exception


class GoodChainTest(UploadTestCase):
    def test_a_chain_with_its_key_signs_edges(self) -> None:
        record = upload(self.own, self.root, key=self.own.key_pem)
        self.assertEqual((record.parent.name, record.parent.sealed_with), ("Corporate Root", None))
        self.assertEqual(private_key_of(record).public_key(), self.own.key.public_key())
        _, text = factories.make_key("berlin", signing_certificate=record)
        enrolled = enroll(text, factories.make_csr(), caller=factories.EDGE)
        edge = x509.load_pem_x509_certificate(enrolled.certificate.encode())
        edge.verify_directly_issued_by(self.own.certificate)
        self.assertEqual(enrolled.trust_anchor.encode(), self.root.pem)
        self.assertEqual(enrolled.chain, (self.own.pem.decode(),))

    def test_order_does_not_matter_and_the_key_may_stand_in_the_same_file(self) -> None:
        middle = authorities.ca("Corporate Middle", self.root)
        own = authorities.ca("Corporate Edges", middle)
        record = SigningCertificate(name="Uploaded")
        text = self.root.pem + own.key_pem + middle.pem + own.pem
        operations.upload_chain(record, text, actor=ACTOR)
        self.assertEqual(record.parent.name, "Corporate Middle")
        self.assertEqual(record.parent.parent.name, "Corporate Root")

    def test_a_root_that_is_here_need_not_come_again(self) -> None:
        root = upload(self.root, name="Our root")
        self.assertIsNone(root.sealed_private_key)
        record = upload(self.own, key=self.own.key_pem)
        self.assertEqual(record.parent, root)
        again = authorities.ca("Corporate Other", self.root)
        self.assertEqual(upload(again, self.root, key=again.key_pem, name="Other").parent, root)
        self.assertEqual(SigningCertificate.objects.count(), 3)

    def test_parents_get_names_that_are_free(self) -> None:
        one = authorities.ca("Corporate/Root")
        upload(authorities.ca("A", one), one, name="Corporate Root")
        self.assertEqual(
            set(SigningCertificate.objects.values_list("name", flat=True)), {"Corporate Root", "Corporate Root 2"}
        )

    def test_a_certificate_without_a_key_here_cannot_be_chosen_for_keys(self) -> None:
        with self.assertRaises(errors.Invalid) as refused:
            factories.make_key("berlin", signing_certificate=upload(self.root))
        self.assertEqual(refused.exception.field_name, "signing_certificate")

    def test_the_event_says_where_it_comes_from_and_holds_no_key(self) -> None:
        upload(self.own, self.root, key=self.own.key_pem)
        events = AuditEvent.objects.filter(action="certificate.created")
        self.assertEqual([each.detail["source"] for each in events], ["uploaded"] * 2)


class FaultTest(UploadTestCase):
    """D-09: each fault has its own code and says what to do."""

    def test_d09_no_ca(self) -> None:
        for constraints in (x509.BasicConstraints(ca=False, path_length=None), None):
            self.assert_fault(
                "not_a_ca", bad := authorities.ca("Bad", self.root, constraints=constraints), self.root, key=bad.key_pem
            )

    def test_d09_may_not_sign(self) -> None:
        bad = authorities.ca("Bad", self.root, key_usage=authorities.usage(sign=False))
        self.assert_fault("cannot_sign_certificates", bad, self.root, key=bad.key_pem)
        bad = authorities.ca("Bad", self.root, no_usage=True)
        self.assert_fault("cannot_sign_certificates", bad, self.root, key=bad.key_pem)
        bad = authorities.ca("Bad", self.root, key_usage=authorities.usage(lists=False))
        self.assert_fault("cannot_sign_lists", bad, self.root, key=bad.key_pem)

    def test_d09_another_key(self) -> None:
        self.assert_fault("wrong_key", self.own, self.root, key=authorities.ca().key_pem)

    def test_d09_weak_keys(self) -> None:
        weak = (
            rsa.generate_private_key(65537, 2048),
            ec.generate_private_key(ec.SECP192R1()),
            ec.generate_private_key(ec.SECP256K1()),
        )
        for key in weak:
            bad = authorities.ca("Bad", self.root, key=key)
            self.assert_fault("weak_key", bad, self.root, key=bad.key_pem)
        small = authorities.ca("Small root", key=rsa.generate_private_key(65537, 1024))
        self.assert_fault("weak_key", small)
        edwards = ed25519.Ed25519PrivateKey.generate()
        bad = authorities.ca("Bad", self.root, key=edwards)
        self.assert_fault("unsupported_key", bad, self.root, key=bad.key_pem)

    def test_d09_rsa_keys_that_anybody_can_factor(self) -> None:
        for name, modulus in WEAK.items():
            public_key = rsa.RSAPublicNumbers(65537, modulus).public_key()
            weak = authorities.ca("Weak", self.root, public_key=public_key)
            with self.subTest(name):
                self.assertIn("anybody can sign", str(self.assert_fault("key_worthless", weak, self.root)))

    def test_d09_out_of_its_time(self) -> None:
        ended = authorities.ca("Ended", self.root, days=(-9, -1))
        self.assert_fault("certificate_expired", ended, self.root, key=ended.key_pem)
        early = authorities.ca("Early", self.root, days=(1, 9))
        self.assert_fault("certificate_not_yet_valid", early, self.root, key=early.key_pem)
        ended = authorities.ca("Ended root", days=(-9, -1))
        self.assert_fault("certificate_expired", own := authorities.ca("Own", ended), ended, key=own.key_pem)

    def test_d09_encrypted_key_names_the_line_that_decrypts(self) -> None:
        refused = self.assert_fault("key_encrypted", self.own, self.root, key=self.own.encrypted())
        self.assertIn("openssl pkey -in", str(refused))
        self.assertEqual(refused.field_name, "private_key")

    def test_d09_broken_chains(self) -> None:
        self.assert_fault("chain_incomplete", self.own, key=self.own.key_pem)
        impostor = authorities.ca("Corporate Root")
        self.assert_fault("chain_broken", self.own, impostor, key=self.own.key_pem)
        self.assert_fault("chain_mixed", self.own, self.root, authorities.ca("Stranger"), key=self.own.key_pem)
        low = authorities.ca("Low root", constraints=x509.BasicConstraints(ca=True, path_length=0))
        self.assert_fault("path_too_long", own := authorities.ca("Own", low), low, key=own.key_pem)
        no_ca = authorities.ca("No CA", self.root, constraints=x509.BasicConstraints(ca=False, path_length=None))
        self.assert_fault("not_a_ca", own := authorities.ca("Own", no_ca), no_ca, self.root, key=own.key_pem)

    def test_d09_what_the_portal_cannot_honor(self) -> None:
        purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])
        bad = authorities.ca("Bad", self.root, more=((purpose, False),))
        self.assert_fault("not_for_clients", bad, self.root, key=bad.key_pem)
        limits = x509.NameConstraints([x509.DNSName("example.com")], None)
        bad = authorities.ca("Bad", self.root, more=((limits, True),))
        self.assert_fault("constrained", bad, self.root, key=bad.key_pem)
        bad = authorities.ca("Bad", self.root, no_identifier=True)
        self.assert_fault("key_identifier_missing", bad, self.root, key=bad.key_pem)

    def test_d09_what_strict_verifiers_refuse(self) -> None:
        for code, flaw in (
            ("constraints_not_critical", {"critical": False}),
            ("issuer_identifier_missing", {"no_issuer_identifier": True}),
        ):
            bad = authorities.ca("Bad", self.root, **flaw)
            self.assert_fault(code, bad, self.root, key=bad.key_pem)
            below = authorities.ca("Below", bad)
            self.assert_fault(code, below, bad, self.root, key=below.key_pem)

    def test_d09_names_and_signatures(self) -> None:
        bad = authorities.ca("Bad\x07", self.root)
        self.assert_fault("name_unusable", bad, self.root, key=bad.key_pem)
        weak = authorities.ca("Weak", self.root, hashed=hashes.SHA224())
        self.assert_fault("weak_signature", weak, self.root, key=weak.key_pem)

    def test_d09_what_is_no_certificate(self) -> None:
        for code, text, key in (
            ("certificate_missing", b"", b""),
            ("certificate_missing", b"nonsense", b""),
            ("certificate_missing", self.own.key_pem, b""),
            ("certificate_unreadable", self.own.certificate.public_bytes(Encoding.DER)[:-9], b""),
            ("certificate_unreadable", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b""),
            ("certificate_too_large", self.own.pem * 11, b""),
            ("certificate_too_large", b"x" * (MOST_BYTES + 1), b""),
            ("key_unreadable", self.own.pem, b"nonsense"),
            ("key_unreadable", self.own.pem, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            ("key_repeated", self.own.pem + self.own.key_pem, self.root.key_pem),
        ):
            with self.subTest(code=code), self.assertRaises(errors.BadCertificate) as refused:
                operations.upload_chain(SigningCertificate(name="X"), text, private_key_pem=key, actor=ACTOR)
            self.assertEqual(refused.exception.code, code)

    def test_d09_extensions_that_the_library_cannot_read(self) -> None:
        for oid, value in (("1.3.6.1.5.5.7.1.24", "3003020163"), ("2.5.29.17", "3004a3023000"), ("2.5.29.31", "ffff")):
            odd = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), bytes.fromhex(value))
            self.assert_fault(
                "certificate_extension_unreadable", authorities.ca("Odd", self.root, more=((odd, False),)), self.root
            )

    def test_d09_a_private_key_that_is_too_large_is_refused_before_its_primes_are_tested(self) -> None:
        """Real primes of this size keep a worker busy for minutes; these are none, which a test of them would tell."""
        p, q = 2**8192 - 3, 2**8192 - 5
        public = rsa.RSAPublicNumbers(65537, p * q)
        numbers = rsa.RSAPrivateNumbers(p=p, q=q, d=3, dmp1=3, dmq1=3, iqmp=3, public_numbers=public)
        key = numbers.private_key(unsafe_skip_rsa_key_validation=True)
        self.assert_fault("key_too_large", self.own, self.root, key=authorities.CA(self.own.certificate, key).key_pem)

    def test_what_is_here_already_is_named(self) -> None:
        upload(self.root, name="Our root")
        with self.assertRaisesMessage(errors.BadCertificate, "is here already, as “Our root”"):
            upload(self.root, name="Another")

    def test_a_name_that_is_taken_leaves_nothing_behind(self) -> None:
        upload(authorities.ca("Elsewhere"), name="Taken")
        with self.assertRaisesMessage(errors.Invalid, "A certificate with this name exists already."):
            upload(self.own, self.root, key=self.own.key_pem, name="taken")
        self.assertEqual(SigningCertificate.objects.count(), 1)

    def test_each_fault_is_raised_somewhere_in_the_code(self) -> None:
        from pathlib import Path

        import keys

        source = "".join(path.read_text() for path in Path(keys.__file__).parent.rglob("*.py"))
        unused = [code for code in errors.CERTIFICATE_FAULTS if source.count(f'"{code}"') < 2]
        self.assertEqual(unused, [])


class PathTest(PortalTestCase):
    def test_the_renewed_issuer_is_preferred(self) -> None:
        old = authorities.ca("Root", days=(-9, 9))
        new = authorities.ca("Root", key=old.key, days=(-1, 99))
        own = authorities.ca("Own", old)
        self.assertEqual(
            authority_chains.chain_of(own.certificate, [old.certificate, new.certificate])[1], new.certificate
        )
        authority_rules.judge(own.certificate, datetime.now(UTC) + timedelta(days=1), signs=True)


class SurplusTest(UploadTestCase):
    def test_old_and_cross_signed_certificates_are_left_out_and_returned(self) -> None:
        old = authorities.ca("Corporate Root", key=self.root.key, days=(-99, -1))
        own_old = authorities.ca("Corporate Edges", self.root, key=self.own.key, days=(-99, -1))
        bridge = authorities.ca("Bridge")
        cross = authorities.ca("x", bridge, key=self.root.key, subject=self.root.certificate.subject)
        given = (old, own_old, cross, self.own, bridge, self.root)
        for order in (given, given[::-1]):
            record = SigningCertificate(name="Uploaded")
            left_out = operations.upload_chain(
                record, b"".join(each.pem for each in order), private_key_pem=self.own.key_pem, actor=ACTOR
            )
            self.assertEqual(set(left_out), {each.certificate for each in (old, own_old, cross, bridge)})
            self.assertEqual((record.serial, record.parent.parent), (f"{self.own.certificate.serial_number:x}", None))
            self.assertEqual(SigningCertificate.objects.count(), 2)
            record.delete()
            SigningCertificate.objects.all().delete()

    def test_what_is_wrong_with_the_best_of_several_is_said(self) -> None:
        ended = authorities.ca("Corporate Edges", self.root, key=self.own.key, days=(-99, -50))
        lately = authorities.ca("Corporate Edges", self.root, key=self.own.key, days=(-99, -1))
        refused = self.assert_fault("certificate_expired", ended, lately, self.root, key=self.own.key_pem)
        self.assertIn(f"{lately.certificate.not_valid_after_utc:%Y-%m-%d}", str(refused))


class AdviceTest(UploadTestCase):
    """What a refusal says to do, done with the same keys, is accepted."""

    def assert_mended(self, code: str, given: tuple[authorities.CA, ...], mended: tuple[authorities.CA, ...]) -> None:
        self.assert_fault(code, *given, key=given[0].key_pem)
        upload(*mended, key=mended[0].key_pem)

    def test_sign_it_again_with_the_key_of_its_issuer_named(self) -> None:
        for code, identifier in (
            ("issuer_key_differs", x509.AuthorityKeyIdentifier(b"\1" * 20, None, None)),
            (
                "issuer_identifier_missing",
                x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(self.root.certificate.subject)], 7),
            ),
        ):
            with self.subTest(code):
                bad = authorities.ca("Bad", self.root, no_issuer_identifier=True, more=((identifier, False),))
                self.assert_mended(code, (bad, self.root), (authorities.ca("Bad", self.root, key=bad.key), self.root))
                SigningCertificate.objects.update(parent=None)
                SigningCertificate.objects.all().delete()

    def test_an_issuer_by_serial_number_is_the_one_that_is_named(self) -> None:
        key, subject = self.root.key, self.root.certificate.subject
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
        renewed = authorities.ca("Corporate Root", key=key, days=(-1, 999))
        names_old = x509.AuthorityKeyIdentifier(
            identifier, [x509.DirectoryName(subject)], self.root.certificate.serial_number
        )
        own = authorities.ca("Own", self.root, no_issuer_identifier=True, more=((names_old, False),))
        self.assert_fault("issuer_serial_differs", own, renewed, key=own.key_pem)
        # Both are given: the one that lasts is not the one that verifiers find.
        self.assertEqual(
            upload(own, renewed, self.root, key=own.key_pem).parent.serial, f"{self.root.certificate.serial_number:x}"
        )

    def test_a_root_is_issued_again_with_the_same_key_and_what_it_signed_stays(self) -> None:
        bad = authorities.ca("Old root", no_identifier=True)
        own = authorities.ca("Own", bad)
        self.assert_mended("key_identifier_missing", (own, bad), (own, authorities.ca("Old root", key=bad.key)))

    def test_sign_it_again_with_the_name_of_the_issuer(self) -> None:
        renamed = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "corporate ROOT")])
        bad = authorities.ca("Bad", self.root, issuer_name=renamed)
        self.assert_mended(
            "issuer_misnamed", (bad, self.root), (authorities.ca("Bad", self.root, key=bad.key), self.root)
        )

    def test_a_plain_name_in_place_of_an_invisible_character(self) -> None:
        bad = authorities.ca("Cor\u00a0porate")
        own = authorities.ca("Own", bad)
        refused = self.assert_fault("name_unusable", own, bad, key=own.key_pem)
        self.assertIn("The issuer of “Own” holds an invisible character (U+00A0).", str(refused))
        plain = authorities.ca("Cor porate", key=bad.key)
        upload(authorities.ca("Own", plain, key=own.key), plain, key=own.key_pem)

    @pytest.mark.once
    def test_openssl_writes_the_curve_by_its_name(self) -> None:
        bad = ca_examples.openssl_root(f"{ca_examples.P256} -pkeyopt ec_param_enc:explicit", "-sha256")
        refused = self.assert_fault("curve_not_named", bad, key=bad.key_pem)
        self.assertIn("openssl ec -param_enc named_curve", str(refused))
        named = ca_examples.shell(
            f"openssl genpkey {ca_examples.P256} -pkeyopt ec_param_enc:explicit -out key\n"
            "openssl ec -param_enc named_curve -in key -out named 2>/dev/null\n"
            "openssl req -x509 -key named -subj /CN=Root -days 9 -out root "
            "-addext keyUsage=critical,keyCertSign,cRLSign"
        )
        record = SigningCertificate(name="Named")
        operations.upload_chain(record, named["root"], private_key_pem=named["named"], actor=ACTOR)
