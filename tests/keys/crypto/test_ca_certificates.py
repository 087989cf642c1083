"""CA certificates: their extensions and validity, and that OpenSSL verifies them."""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.test import SimpleTestCase

from keys.crypto import ca_certificates
from keys.crypto.ca_certificates import KEY_TYPES, Authority, make_authority

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)


def root(**fields: object) -> Authority:
    return make_authority("Root", "4711", **{"now": NOW, "days": 3650, **fields})  # type: ignore[arg-type]


class AuthorityTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.root = root()
        cls.child = make_authority("Service Edge", "4711", now=NOW, days=365, parent=cls.root)

    def test_the_subject_names_organization_and_certificate(self) -> None:
        names = {attribute.oid: attribute.value for attribute in self.child.certificate.subject}
        self.assertEqual(names[NameOID.COMMON_NAME], "Service Edge")
        self.assertEqual(names[NameOID.ORGANIZATION_NAME], "4711")
        self.assertEqual(self.child.certificate.issuer, self.root.certificate.subject)

    def test_it_may_sign_certificates_and_crls_and_nothing_else(self) -> None:
        for authority in (self.root, self.child):
            usage = authority.certificate.extensions.get_extension_for_class(x509.KeyUsage)
            self.assertTrue(usage.critical and usage.value.key_cert_sign and usage.value.crl_sign)
            self.assertFalse(usage.value.digital_signature or usage.value.key_encipherment or usage.value.key_agreement)

    def test_an_intermediate_makes_no_further_ca(self) -> None:
        limits = [
            authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
            for authority in (self.root, self.child)
        ]
        self.assertTrue(all(limit.critical and limit.value.ca for limit in limits))
        self.assertEqual([limit.value.path_length for limit in limits], [None, 0])

    def test_the_key_identifiers_chain(self) -> None:
        own = self.root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        issuer = self.child.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        self.assertEqual(issuer.key_identifier, own.digest)

    def test_it_is_backdated_by_a_day(self) -> None:
        self.assertEqual(self.root.certificate.not_valid_before_utc, NOW.replace(microsecond=0) - timedelta(days=1))

    def test_an_intermediate_ends_no_later_than_its_parent(self) -> None:
        longer = make_authority("Longer", "4711", now=NOW, days=36_500, parent=self.root)
        self.assertEqual(longer.certificate.not_valid_after_utc, self.root.certificate.not_valid_after_utc)

    def test_the_child_is_verified_by_its_parent_alone(self) -> None:
        self.child.certificate.verify_directly_issued_by(self.root.certificate)
        with self.assertRaises(Exception):  # noqa: B017  # InvalidSignature or ValueError, which the library chooses
            self.child.certificate.verify_directly_issued_by(root().certificate)

    def test_openssl_accepts_the_chain_strictly(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            paths = [Path(directory) / name for name in ("root.pem", "child.pem")]
            for path, authority in zip(paths, (self.root, self.child), strict=True):
                path.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
            command = ["openssl", "verify", "-x509_strict", "-attime", str(int(NOW.timestamp()))]
            result = subprocess.run([*command, "-CAfile", *map(str, paths)], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_pin_is_sha256_of_the_public_key_info(self) -> None:
        from enrollment.pki.key_policy import spki

        digest = hashes.Hash(hashes.SHA256())
        digest.update(spki(self.root.certificate.public_key()))
        self.assertEqual(ca_certificates.spki_sha256(self.root.certificate), digest.finalize())

    def test_the_private_key_is_in_no_repr(self) -> None:
        self.assertNotIn("private_key", repr(self.root))


class KeyTypeTests(SimpleTestCase):
    def test_each_kind_signs_with_a_hash_of_its_strength(self) -> None:
        for name in ("EC P-256", "EC P-384", "RSA 3072"):
            with self.subTest(name):
                authority = root(key_type=name)
                self.assertEqual(ca_certificates.key_type_of(authority.certificate), name)
                expected = "sha384" if name == "EC P-384" else "sha256"
                self.assertEqual(authority.certificate.signature_hash_algorithm.name, expected)
        self.assertIn("RSA 4096", KEY_TYPES)

    def test_a_child_is_signed_with_the_hash_of_its_parents_key(self) -> None:
        child = make_authority("Child", "4711", now=NOW, days=9, key_type="EC P-256", parent=root(key_type="EC P-384"))
        self.assertEqual(child.certificate.signature_hash_algorithm.name, "sha384")

    def test_private_keys_come_back_from_pkcs8(self) -> None:
        for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
            loaded = ca_certificates.load_private_key(ca_certificates.private_key_der(key))
            self.assertEqual(loaded.public_key(), key.public_key())

    def test_other_private_keys_and_garbage_are_refused(self) -> None:
        other = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        for der in (other, b"", b"\x30\x00", bytes(100)):
            with self.subTest(der[:4]), self.assertRaises(ValueError):
                ca_certificates.load_private_key(der)


class SerialTests(SimpleTestCase):
    def test_d02_serials_are_positive_19_bytes_and_unique(self) -> None:
        serials = [ca_certificates.random_serial() for _ in range(100_000)]
        self.assertEqual(len(set(serials)), len(serials))
        self.assertEqual({serial.bit_length() for serial in serials}, {19 * 8 - 1})

    def test_d02_every_other_bit_of_a_serial_varies(self) -> None:
        ones = zeros = 0
        for _ in range(200):
            serial = ca_certificates.random_serial()
            ones, zeros = ones | serial, zeros | ~serial
        self.assertEqual(ones & zeros & (2**150 - 1), 2**150 - 1)
