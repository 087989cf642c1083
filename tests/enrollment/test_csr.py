"""C-01 to C-12: whatever a request asks for, only its public key leaves `csr.judge`, and only a sound one.

Each request here is well signed unless the signature is what is wrong, so that nothing but the named flaw refuses it.
"""

from __future__ import annotations

import base64
import random
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from enrollment import csr, key_policy
from enrollment.errors import Refused
from tests.enrollment import forge
from tests.enrollment.forge import RawRSA
from tests.factories import make_csr, make_private_key

P = (3 << 1022) + 1037
Q = (7 << 1021) + 309
CA = forge.extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
NOT_CA = forge.extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)


def usage(**wanted: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in names})


class Unsigned:
    """A key that cannot sign: the key is judged before the signature, so any bytes will do."""

    def __init__(self, public_key: Any) -> None:
        self._public_key = public_key

    def public_key(self) -> Any:
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        return bytes(64)


class JudgeTestCase(SimpleTestCase):
    key = make_private_key()

    def code(self, pem: str, rsa_minimum_bits: int = 2048) -> str:
        try:
            csr.judge(pem, rsa_minimum_bits)
        except Refused as refused:
            return refused.code
        return ""

    def assert_code(self, code: str, *pems: str) -> None:
        for number, pem in enumerate(pems):
            with self.subTest(number):
                self.assertEqual(self.code(pem), code)


class AcceptedTests(JudgeTestCase):
    def test_p256_p384_and_rsa_from_2048_to_4096_bits_are_accepted(self) -> None:
        keys = [self.key, ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048), RawRSA(P, Q)]
        keys.append(RawRSA((3 << 1538) + 119, (7 << 1537) + 873))
        for key in keys:
            judged = csr.judge(forge.request(key), 2048)
            self.assertEqual(key_policy.spki(judged.public_key), forge.spki(key.public_key()))

    def test_sha256_sha384_and_sha512_are_accepted(self) -> None:
        for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
            self.assert_code("", forge.request(self.key, digest=digest))

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
        self.assert_code("", make_csr(self.key, extensions=wanted), forge.requesting(self.key, []))
        password = forge.attribute(forge.CHALLENGE_PASSWORD, forge.tlv(0x0C, b"secret"))
        self.assert_code("", forge.request(self.key, password))

    def test_the_new_label_and_windows_line_ends_are_accepted(self) -> None:
        der = _der(make_csr(self.key))
        self.assert_code("", forge.pem(der, "NEW CERTIFICATE REQUEST"), forge.pem(der).replace("\n", "\r\n"))
        one_line = base64.b64encode(der).decode()
        self.assert_code("", f"-----BEGIN CERTIFICATE REQUEST-----\n{one_line}\n-----END CERTIFICATE REQUEST-----\n")

    def test_openssl_makes_acceptable_requests(self) -> None:
        for kind in (["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["rsa:2048"]):
            self.assert_code("", _openssl_request("-newkey", *kind, "-nodes", "-keyout", "/dev/null"))

    def test_a_minimum_of_3072_bits_refuses_2048(self) -> None:
        self.assertEqual(self.code(forge.request(RawRSA(P, Q)), 3072), "csr_key_rejected")


class SignatureTests(JudgeTestCase):
    def test_c01_a_request_signed_by_another_key_is_refused(self) -> None:
        info = forge.info(forge.spki(self.key.public_key()))
        self.assert_code("csr_signature_invalid", forge.pem(forge.sign(info, make_private_key())))

    def test_c01_a_request_changed_after_signing_is_refused(self) -> None:
        der = _der(make_csr(self.key, subject="edge"))
        self.assert_code("csr_signature_invalid", forge.pem(der.replace(b"edge", b"egde")))

    def test_c01_an_empty_or_foreign_signature_is_refused(self) -> None:
        info, algorithm, _ = forge.parts_of(_der(make_csr(self.key)))
        for signature in (b"", b"\0" * 64, b"\x30\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00"):
            pem = forge.pem(forge.sequence(info, algorithm, forge.bit_string(signature)))
            self.assert_code("csr_signature_invalid", pem)

    def test_c01_the_algorithm_of_another_kind_of_key_is_refused(self) -> None:
        info, _, signature = forge.parts_of(_der(make_csr(self.key)))
        for name in ("1.2.840.113549.1.1.11", "1.2.840.10045.4.3.9", "1.3.101.112", "1.2.3.4"):
            algorithm = forge.sequence(forge.oid(name))
            self.assertIn(self.code(forge.pem(forge.sequence(info, algorithm, signature))), _CSR_CODES)

    def test_c02_md5_sha1_and_sha224_are_refused(self) -> None:
        rsa_key = rsa.generate_private_key(65537, 2048)
        self.assert_code(
            "csr_signature_invalid",
            forge.request(self.key, digest=hashes.SHA1()),
            forge.request(self.key, digest=hashes.SHA224()),
            forge.request(rsa_key, digest=hashes.SHA1()),
            forge.request(rsa_key, digest=hashes.MD5()),
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
                self.assert_code("csr_key_rejected", forge.request(key))

    def test_c03_exponents_other_than_65537_are_refused(self) -> None:
        self.assert_code("csr_key_rejected", forge.request(RawRSA(P, Q, 3)), forge.request(RawRSA(P, Q, 65539)))

    def test_c03_close_primes_are_refused(self) -> None:
        self.assert_code("csr_key_rejected", forge.request(RawRSA(P, (3 << 1022) + 1697)), forge.request(RawRSA(P, P)))

    def test_c03_a_modulus_with_a_small_factor_is_refused(self) -> None:
        key = RawRSA(521, (3 << 2037) + 5717)
        self.assertEqual(key.n.bit_length(), 2048)
        self.assert_code("csr_key_rejected", forge.request(key))

    def test_c04_other_curves_are_refused(self) -> None:
        for curve in (ec.SECP192R1(), ec.SECP224R1(), ec.SECP256K1(), ec.SECP521R1(), ec.BrainpoolP256R1()):
            with self.subTest(curve.name):
                self.assert_code("csr_key_rejected", forge.request(ec.generate_private_key(curve)))

    def test_c04_other_kinds_of_keys_are_refused(self) -> None:
        keys = [
            ed25519.Ed25519PrivateKey.generate(),
            x25519.X25519PrivateKey.generate(),
            dsa.generate_private_key(1024),
        ]
        for key in keys:
            with self.subTest(type(key).__name__):
                self.assert_code("csr_key_rejected", forge.request(Unsigned(key.public_key())))

    def test_c04_explicit_curve_parameters_and_pss_keys_are_refused(self) -> None:
        explicit = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]
        pss = ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"]
        for options in (explicit, pss):
            with self.subTest(options[1]):
                pem = _openssl_request(*options, "-nodes", "-keyout", "/dev/null")
                self.assertEqual(self.code(pem), "csr_key_rejected")

    def test_c04_a_compressed_point_is_refused_even_with_the_canonical_key_elsewhere_in_the_request(self) -> None:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        p256 = forge.sequence(forge.oid("1.2.840.10045.2.1"), forge.oid("1.2.840.10045.3.1.7"))
        compressed = forge.sequence(p256, forge.bit_string(point))
        decoy = forge.common_name(forge.spki(self.key.public_key()))
        for subject in (None, decoy):
            info = forge.info(compressed, subject=subject)
            self.assert_code("csr_key_rejected", forge.pem(forge.sign(info, self.key)))

    def test_c04_points_off_the_curve_and_at_infinity_are_refused(self) -> None:
        p256 = forge.sequence(forge.oid("1.2.840.10045.2.1"), forge.oid("1.2.840.10045.3.1.7"))
        for point in (b"\x04" + b"\1" * 64, b"\0", b"", b"\x04", b"\x04" + b"\xff" * 64):
            info = forge.info(forge.sequence(p256, forge.bit_string(point)))
            self.assert_code("csr_key_rejected", forge.pem(forge.sign(info, self.key)))

    def test_c05_published_keys_are_refused(self) -> None:
        """RFC 9500's P-256 test key, RFC 6979's P-256 and P-384 keys, and the base point itself."""
        published = [
            load_pem_private_key(_RFC_9500_P256.encode(), None),
            ec.derive_private_key(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1()),
            ec.derive_private_key(int(_RFC_6979_P384, 16), ec.SECP384R1()),
            ec.derive_private_key(1, ec.SECP256R1()),
        ]
        for key in published:
            self.assert_code("csr_key_rejected", forge.request(key))

    def test_c05_every_line_of_the_list_is_a_digest_and_its_source(self) -> None:
        lines = key_policy._BLOCKED.read_text(encoding="ascii").splitlines()
        for line in lines:
            self.assertRegex(line, r"\A(#.*|[0-9a-f]{64} \S.*)\Z")
        self.assertEqual(len(key_policy.blocked_keys()), sum(not line.startswith("#") for line in lines))
        self.assertGreaterEqual(len(key_policy.blocked_keys()), 20)


class ExtensionTests(JudgeTestCase):
    def test_c06_ca_rights_are_refused(self) -> None:
        self.assert_code(
            "csr_extension_not_allowed",
            forge.requesting(self.key, [CA]),
            forge.requesting(self.key, [forge.extension(usage(key_cert_sign=True))]),
            forge.requesting(self.key, [forge.extension(usage(digital_signature=True, crl_sign=True))]),
            forge.request(self.key, forge.attribute(forge.MICROSOFT_EXTENSION_REQUEST, forge.extensions(CA))),
        )

    def test_c06_other_key_usages_are_refused(self) -> None:
        for name in ("content_commitment", "data_encipherment", "key_agreement"):
            self.assert_code(
                "csr_extension_not_allowed", forge.requesting(self.key, [forge.extension(usage(**{name: True}))])
            )

    def test_c07_every_alternative_name_is_refused(self) -> None:
        import ipaddress

        names: list[list[x509.GeneralName]] = [
            [x509.DNSName("edge.example.com")],
            [x509.IPAddress(ipaddress.ip_address("192.0.2.1"))],
            [x509.RFC822Name("root@example.com")],
            [x509.UniformResourceIdentifier("https://api.private.example.com/edges/1")],
            [x509.UniformResourceIdentifier("spiffe://a"), x509.UniformResourceIdentifier("spiffe://b")],
            [x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01a")],
            [x509.DirectoryName(x509.Name([]))],
            [x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))],
        ]
        for wanted in names:
            with self.subTest(wanted[0]):
                value = x509.SubjectAlternativeName(wanted)
                self.assert_code("csr_extension_not_allowed", forge.requesting(self.key, [forge.extension(value)]))

    def test_any_other_extension_is_refused(self) -> None:
        unknown = forge.sequence(forge.oid("1.2.3.4"), forge.tlv(0x04, b"\xff"))
        others = [
            unknown,
            forge.extension(x509.OCSPNoCheck()),
            forge.extension(x509.InhibitAnyPolicy(0), critical=True),
        ]
        for other in others:
            self.assert_code("csr_extension_not_allowed", forge.requesting(self.key, [other]))

    def test_c08_duplicates_and_several_values_are_refused(self) -> None:
        several = forge.attribute(forge.EXTENSION_REQUEST, forge.extensions(NOT_CA), forge.extensions(CA))
        microsoft = forge.attribute(forge.MICROSOFT_EXTENSION_REQUEST, forge.extensions(CA))
        standard = forge.attribute(forge.EXTENSION_REQUEST, forge.extensions(NOT_CA))
        self.assert_code(
            "csr_malformed",
            forge.requesting(self.key, [NOT_CA, NOT_CA]),
            forge.requesting(self.key, [NOT_CA, CA]),
            forge.requesting(self.key, [NOT_CA], [CA]),
            forge.request(self.key, several),
            forge.request(self.key, standard, microsoft),
            forge.request(self.key, microsoft, standard),
            forge.request(self.key, forge.attribute(forge.EXTENSION_REQUEST)),
        )

    def test_c08_extensions_that_do_not_parse_are_refused(self) -> None:
        for name in ("2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"):
            broken = forge.sequence(forge.oid(name), forge.tlv(0x04, b"\xff\xff"))
            self.assert_code("csr_malformed", forge.requesting(self.key, [broken]))


class FormTests(JudgeTestCase):
    def test_c09_the_subject_is_never_read(self) -> None:
        subjects = [
            forge.common_name("<script>alert(1)</script>"),
            forge.common_name("=cmd|'/c calc'!A0"),
            forge.common_name("\u202egnp.exe"),
            forge.common_name("a\0b"),
            forge.common_name(b"\xff\xfe\xfd"),
            forge.common_name("a", "b"),
            forge.common_name("n" * 3_000),
            forge.sequence(),
        ]
        for subject in subjects:
            self.assert_code("", forge.request(self.key, subject=subject))

    def test_c09_a_subject_of_64_kib_is_refused(self) -> None:
        self.assert_code("csr_malformed", forge.request(self.key, subject=forge.common_name("n" * 65_536)))

    def test_c10_exactly_one_block_and_nothing_else(self) -> None:
        pem = make_csr(self.key)
        body = "".join(pem.splitlines()[1:-1])
        header, footer = pem.splitlines()[0], pem.splitlines()[-1]
        self.assert_code(
            "csr_malformed",
            f"Bag Attributes\n{pem}",
            f"{pem}trailing",
            pem + pem,
            f"{header} {body} {footer}",
            f"{header}{body}{footer}",
            pem.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
            pem.replace(footer, "-----END NEW CERTIFICATE REQUEST-----"),
            pem.replace(header, "----BEGIN CERTIFICATE REQUEST----"),
            pem.replace(header, f"{header}\nProc-Type: 4,ENCRYPTED\n"),
            body,
            "",
            "\ud800",
            f"{header}\n{footer}",
            f"{header}\n=\n{footer}",
            f"{header}\n{body[:-1]}\n{footer}",
            f"{header}\n{body[:40]}\0{body[40:]}\n{footer}",
        )

    def test_c11_only_der_is_read(self) -> None:
        der = _der(make_csr(self.key))
        content = b"".join(forge.parts_of(der))
        nested = b""
        for _ in range(1_000):
            nested = forge.sequence(nested)
        long_form = b"\x30\x83" + len(content).to_bytes(3) + content
        indefinite = b"\x30\x80" + content + b"\0\0"
        for broken in (der + b"\0", der[:-1], indefinite, long_form, nested, b"\x30" * 3_000, b"", b"\x05\x00"):
            self.assert_code("csr_malformed", forge.pem(broken))

    def test_c11_huge_requests_are_refused_at_once(self) -> None:
        pem = make_csr(self.key)
        huge = [
            pem.replace("\n", "\n" * 1_000_000, 1),
            "\n" * 1_000_000 + pem,
            forge.pem(b"\x30" * 10_000_000),
            "-----BEGIN CERTIFICATE REQUEST-----\n" * 100_000,
        ]
        started = time.perf_counter()
        self.assert_code("csr_malformed", *huge)
        self.assertLess(time.perf_counter() - started, 10)

    def test_c11_the_largest_der_is_4096_bytes(self) -> None:
        small = len(_der(forge.request(self.key, subject=forge.common_name("n" * 2_000)))) - 2_000
        fits = forge.request(self.key, subject=forge.common_name("n" * (csr.LARGEST_DER - small - 8)))
        self.assertLessEqual(len(_der(fits)), csr.LARGEST_DER)
        self.assert_code("", fits)
        self.assert_code("csr_malformed", forge.request(self.key, subject=forge.common_name("n" * csr.LARGEST_DER)))


class FuzzTests(JudgeTestCase):
    @settings(derandomize=True, database=None, deadline=None, max_examples=500)
    @given(st.text(max_size=500) | st.binary(max_size=500).map(forge.pem))
    def test_c12_arbitrary_input_is_refused_and_nothing_else(self, pem: str) -> None:
        self.assertIn(self.code(pem), _CSR_CODES)

    def test_c12_mutated_requests_are_judged_and_nothing_else(self) -> None:
        """Bytes changed, cut, doubled and swapped in requests of each kind; a seed makes a failure repeatable."""
        chance = random.Random(20261124)
        seeds = [
            _der(forge.requesting(self.key, [CA, NOT_CA], [NOT_CA])),
            _der(make_csr(self.key, extensions=[(usage(digital_signature=True), True)])),
            _der(forge.request(RawRSA(P, Q))),
            _der(forge.request(ec.generate_private_key(ec.SECP384R1()), subject=forge.common_name("a", "b"))),
        ]
        codes = {self.code(forge.pem(_mutated(chance, chance.choice(seeds)))) for _ in range(20_000)}
        self.assertLessEqual(codes, _CSR_CODES | {""})
        self.assertGreaterEqual(codes, {"csr_malformed", "csr_signature_invalid", "csr_key_rejected"})


_CSR_CODES = {"csr_malformed", "csr_signature_invalid", "csr_key_rejected", "csr_extension_not_allowed"}
_RFC_9500_P256 = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIObLW92AqkWunJXowVR2Z5/+yVPBaFHnEedDk5WJxk/BoAoGCCqGSM49
AwEHoUQDQgAEQiVI+I+3gv+17KN0RFLHKh5Vj71vc75eSOkyMsxFxbFsTNEMTLjV
uKFxOelIgsiZJXKZNCX0FBmrfpCkKklCcg==
-----END EC PRIVATE KEY-----
"""
_RFC_6979_P384 = "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5"


def _der(pem: str) -> bytes:
    return base64.b64decode("".join(pem.splitlines()[1:-1]))


def mirrored(pem: str) -> str:
    """The same request with the other valid ECDSA signature: s becomes n - s."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    info, algorithm, signature = forge.parts_of(_der(pem))
    r, s = decode_dss_signature(signature[3:])
    return forge.pem(forge.sequence(info, algorithm, forge.bit_string(encode_dss_signature(r, order - s))))


def _mutated(chance: random.Random, der: bytes) -> bytes:
    changed = bytearray(der)
    for _ in range(chance.randint(1, 4)):
        at, kind = chance.randrange(len(changed)), chance.randrange(5)
        if kind == 0:
            changed[at] = chance.randrange(256)
        elif kind == 1:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del changed[at : at + chance.randint(1, 4)]
        elif kind == 3:
            changed[at:at] = changed[at : at + chance.randint(1, 16)]
        else:
            changed[at], changed[at - 1] = changed[at - 1], changed[at]
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def _openssl_request(*options: str) -> str:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "request.pem"
        command = ["openssl", "req", "-new", "-sha256", "-subj", "/CN=edge", *options, "-out", str(path)]
        subprocess.run(command, check=True, capture_output=True)
        return path.read_text()
