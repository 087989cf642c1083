"""C-01 to C-05 and A-07: signatures and keys that `csr.judge` refuses, and those it accepts.

Each request is well signed unless the signature is what is wrong, so that nothing but the named flaw refuses it.
"""

from __future__ import annotations

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from enrollment.errors import Refused
from enrollment.pki import csr, key_policy
from tests.enrollment import raw_csr
from tests.enrollment.flawed_csrs import (
    CSR_CODES,
    JudgeTestCase,
    P,
    Q,
    Unsigned,
    der_of,
    mirrored,
    openssl_request,
    usage,
)
from tests.enrollment.raw_csr import RawRSA
from tests.factories import make_csr, make_private_key
from tests.keys.weak_moduli import WEAK

_RFC_9500_P256 = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIObLW92AqkWunJXowVR2Z5/+yVPBaFHnEedDk5WJxk/BoAoGCCqGSM49
AwEHoUQDQgAEQiVI+I+3gv+17KN0RFLHKh5Vj71vc75eSOkyMsxFxbFsTNEMTLjV
uKFxOelIgsiZJXKZNCX0FBmrfpCkKklCcg==
-----END EC PRIVATE KEY-----
"""
_RFC_6979_P384 = "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5"


class RawPrime(RawRSA):
    """A prime as modulus: anybody can sign, because its order is known."""

    def __init__(self, modulus: int) -> None:
        super().__init__(modulus, 1)

    @property
    def order(self) -> int:
        return self.n - 1


class AcceptedTests(JudgeTestCase):
    def test_p256_p384_and_rsa_from_2048_to_4096_bits_are_accepted(self) -> None:
        keys = [self.key, ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048), RawRSA(P, Q)]
        keys += [RawRSA((3 << 1538) + 119, (7 << 1537) + 873), RawRSA((3 << 2050) + 521, (7 << 2041) + 5379)]
        self.assertEqual(keys[-1].n.bit_length(), 4096)
        for key in keys:
            judged = csr.judge(raw_csr.request(key), 2048)
            self.assertEqual(key_policy.spki(judged.public_key), raw_csr.spki(key.public_key()))

    def test_sha256_sha384_and_sha512_are_accepted(self) -> None:
        for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
            self.assert_code("", raw_csr.request(self.key, digest=digest))

    def test_what_stock_tools_ask_for_is_accepted(self) -> None:
        wanted = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usage(digital_signature=True, key_encipherment=True), True),
            (
                x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH, x509.ExtendedKeyUsageOID.SERVER_AUTH]),
                False,
            ),
            (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False),
        ]
        self.assert_code("", make_csr(self.key, extensions=wanted), raw_csr.requesting(self.key, []))
        password = raw_csr.attribute(raw_csr.CHALLENGE_PASSWORD, raw_csr.tlv(0x0C, b"secret"))
        self.assert_code("", raw_csr.request(self.key, password))

    def test_the_new_label_and_windows_line_ends_are_accepted(self) -> None:
        der = der_of(make_csr(self.key))
        self.assert_code("", raw_csr.pem(der, "NEW CERTIFICATE REQUEST"), raw_csr.pem(der).replace("\n", "\r\n"))
        one_line = base64.b64encode(der).decode()
        self.assert_code("", f"-----BEGIN CERTIFICATE REQUEST-----\n{one_line}\n-----END CERTIFICATE REQUEST-----\n")

    def test_openssl_makes_acceptable_requests(self) -> None:
        for kind in (["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["rsa:2048"]):
            self.assert_code("", openssl_request("-newkey", *kind))

    def test_a_minimum_of_3072_bits_refuses_2048(self) -> None:
        self.assertEqual(self.code(raw_csr.request(RawRSA(P, Q)), 3072), "csr_key_rejected")


class SignatureTests(JudgeTestCase):
    def test_c01_a_request_signed_by_another_key_is_refused(self) -> None:
        info = raw_csr.info(raw_csr.spki(self.key.public_key()))
        self.assert_code("csr_signature_invalid", raw_csr.pem(raw_csr.sign(info, make_private_key())))

    def test_c01_a_request_changed_after_signing_is_refused(self) -> None:
        der = der_of(make_csr(self.key, subject="edge"))
        self.assert_code("csr_signature_invalid", raw_csr.pem(der.replace(b"edge", b"egde")))

    def test_c01_an_empty_or_foreign_signature_is_refused(self) -> None:
        info, algorithm, _ = raw_csr.parts_of(der_of(make_csr(self.key)))
        for signature in (b"", b"\0" * 64, b"\x30\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00"):
            pem = raw_csr.pem(raw_csr.sequence(info, algorithm, raw_csr.bit_string(signature)))
            self.assert_code("csr_signature_invalid", pem)

    def test_c01_the_algorithm_of_another_kind_of_key_is_refused(self) -> None:
        info, _, signature = raw_csr.parts_of(der_of(make_csr(self.key)))
        for name in ("1.2.840.113549.1.1.11", "1.2.840.10045.4.3.9", "1.3.101.112", "1.2.3.4"):
            algorithm = raw_csr.sequence(raw_csr.oid(name))
            self.assertIn(self.code(raw_csr.pem(raw_csr.sequence(info, algorithm, signature))), CSR_CODES)

    def test_c02_md5_sha1_sha224_and_pss_are_refused(self) -> None:
        rsa_key = rsa.generate_private_key(65537, 2048)
        self.assert_code(
            "csr_signature_invalid",
            raw_csr.request(self.key, digest=hashes.SHA1()),
            raw_csr.request(self.key, digest=hashes.SHA224()),
            raw_csr.request(rsa_key, digest=hashes.SHA1()),
            openssl_request("-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss"),
            raw_csr.request(rsa_key, digest=hashes.MD5()),
        )

    def test_a07_a_request_with_the_mirrored_signature_is_the_same_key(self) -> None:
        pem = make_csr(self.key)
        self.assertNotEqual(mirrored(pem), pem)
        self.assertEqual(csr.judge(mirrored(pem), 2048).spki_sha256, csr.judge(pem, 2048).spki_sha256)


class KeyTests(JudgeTestCase):
    def test_c03_short_odd_and_long_rsa_keys_are_refused(self) -> None:
        keys = {
            512: RawRSA((3 << 254) + 119, (7 << 253) + 429),
            1024: RawRSA((3 << 510) + 761, (7 << 509) + 15),
            2047: RawRSA(P, (3 << 1021) + 191),
            2052: RawRSA(P, (3 << 1026) + 635),
            4104: RawRSA((3 << 2050) + 521, (7 << 2049) + 369),
        }
        for bits, key in keys.items():
            with self.subTest(bits):
                self.assertEqual(key.n.bit_length(), bits)
                self.assert_code("csr_key_rejected", raw_csr.request(key))

    def test_c03_exponents_other_than_65537_are_refused(self) -> None:
        self.assert_code("csr_key_rejected", raw_csr.request(RawRSA(P, Q, 3)), raw_csr.request(RawRSA(P, Q, 65539)))

    def test_c03_close_primes_are_refused(self) -> None:
        self.assert_code(
            "csr_key_rejected", raw_csr.request(RawRSA(P, (3 << 1022) + 1697)), raw_csr.request(RawRSA(P, P))
        )

    def test_c03_a_modulus_with_a_small_factor_is_refused(self) -> None:
        key = RawRSA(521, (3 << 2037) + 5717)
        self.assertEqual(key.n.bit_length(), 2048)
        self.assert_code("csr_key_rejected", raw_csr.request(key))

    def test_c03_worthless_rsa_keys_are_refused_for_their_reason(self) -> None:
        for name, modulus in WEAK.items():
            if name == "prime":
                continue
            key = Unsigned(RawRSA(modulus, 1))
            with self.subTest(name), self.assertRaises(Refused) as refused:
                csr.judge(raw_csr.request(key), 2048)
            self.assertEqual(refused.exception.code, "csr_key_rejected")
            self.assertRegex(refused.exception.fault, r"\AThe key (has|was made).+\. Make a new key pair: P-256")

    def test_c03_a_prime_modulus_is_refused_before_anything_is_signed(self) -> None:
        key = RawPrime(WEAK["prime"])
        judged = csr.judge(raw_csr.request(key), 2048)
        with self.assertRaises(Refused) as refused:
            csr.require_signable(judged, frozenset())
        self.assertEqual(refused.exception.code, "csr_key_rejected")
        self.assertRegex(refused.exception.fault, r"\AThe key has a prime as modulus\. Make a new key pair: P-256")

    def test_c04_other_curves_are_refused(self) -> None:
        for curve in (ec.SECP192R1(), ec.SECP224R1(), ec.SECP256K1(), ec.SECP521R1(), ec.BrainpoolP256R1()):
            with self.subTest(curve.name):
                self.assert_code("csr_key_rejected", raw_csr.request(ec.generate_private_key(curve)))

    def test_c04_other_kinds_of_keys_are_refused(self) -> None:
        keys = [
            ed25519.Ed25519PrivateKey.generate(),
            x25519.X25519PrivateKey.generate(),
            dsa.generate_private_key(1024),
        ]
        for key in keys:
            with self.subTest(type(key).__name__):
                self.assert_code("csr_key_rejected", raw_csr.request(Unsigned(key.public_key())))

    def test_c04_explicit_curve_parameters_and_pss_keys_are_refused(self) -> None:
        explicit = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]
        pss = ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"]
        for options in (explicit, pss):
            with self.subTest(options[1]):
                pem = openssl_request(*options)
                self.assertEqual(self.code(pem), "csr_key_rejected")

    def test_c04_a_compressed_point_is_refused_even_with_the_canonical_key_elsewhere_in_the_request(self) -> None:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        p256 = raw_csr.sequence(raw_csr.oid("1.2.840.10045.2.1"), raw_csr.oid("1.2.840.10045.3.1.7"))
        compressed = raw_csr.sequence(p256, raw_csr.bit_string(point))
        decoy = raw_csr.common_name(raw_csr.spki(self.key.public_key()))
        for subject in (None, decoy):
            info = raw_csr.info(compressed, subject=subject)
            self.assert_code("csr_key_rejected", raw_csr.pem(raw_csr.sign(info, self.key)))

    def test_c04_points_off_the_curve_and_at_infinity_are_refused(self) -> None:
        p256 = raw_csr.sequence(raw_csr.oid("1.2.840.10045.2.1"), raw_csr.oid("1.2.840.10045.3.1.7"))
        for point in (b"\x04" + b"\1" * 64, b"\0", b"", b"\x04", b"\x04" + b"\xff" * 64):
            info = raw_csr.info(raw_csr.sequence(p256, raw_csr.bit_string(point)))
            self.assert_code("csr_key_rejected", raw_csr.pem(raw_csr.sign(info, self.key)))

    def test_c05_published_keys_are_refused(self) -> None:
        """RFC 9500's P-256 test key, RFC 6979's P-256 and P-384 keys, and the base point itself."""
        published = [
            load_pem_private_key(_RFC_9500_P256.encode(), None),
            ec.derive_private_key(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1()),
            ec.derive_private_key(int(_RFC_6979_P384, 16), ec.SECP384R1()),
            ec.derive_private_key(1, ec.SECP256R1()),
        ]
        for key in published:
            self.assert_code("csr_key_rejected", raw_csr.request(key))

    def test_c05_every_line_of_the_list_is_a_digest_and_its_source(self) -> None:
        lines = key_policy._BLOCKED.read_text(encoding="ascii").splitlines()
        for line in lines:
            self.assertRegex(line, r"\A(#.*|[0-9a-f]{64} \S.*)\Z")
        self.assertEqual(len(key_policy.blocked_keys()), sum(not line.startswith("#") for line in lines))
        self.assertGreaterEqual(len(key_policy.blocked_keys()), 20)
