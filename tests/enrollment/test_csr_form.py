"""C-06 to C-12: extensions, forms and sizes that `csr.judge` refuses, and that nothing else ever happens."""

from __future__ import annotations

import ipaddress
import random
import time

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from enrollment.pki import csr, csr_text
from tests.enrollment import forge
from tests.enrollment.forge import RawRSA
from tests.enrollment.specimens import CA, CSR_CODES, NOT_CA, JudgeTestCase, P, Q, der_of, usage
from tests.factories import make_csr


class ExtensionTests(JudgeTestCase):
    def test_c06_ca_rights_are_refused(self) -> None:
        self.assert_code(
            "csr_extension_not_allowed",
            forge.requesting(self.key, [CA]),
            forge.requesting(self.key, [forge.extension(usage(key_cert_sign=True))]),
            forge.requesting(self.key, [forge.extension(usage(digital_signature=True, crl_sign=True))]),
            forge.request(self.key, forge.attribute(forge.MICROSOFT_EXTENSION_REQUEST, forge.extensions(CA))),
        )

    def assert_ignored(self, name: str, wanted: bytes) -> None:
        self.assertEqual(csr.judge(forge.requesting(self.key, [wanted]), 2048).ignored_extensions, (name,))

    def test_c06_other_key_usages_are_ignored_and_named(self) -> None:
        for name in ("content_commitment", "data_encipherment", "key_agreement"):
            self.assert_ignored("keyUsage", forge.extension(usage(**{name: True})))

    def test_c07_every_alternative_name_is_ignored_and_named(self) -> None:
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
                self.assert_ignored("subjectAltName", forge.extension(x509.SubjectAlternativeName(wanted)))

    def test_c07_only_exactly_the_names_of_the_edge_are_no_wish(self) -> None:
        own, other = (
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"https://api.private.example.com/edges/{n}")])
            for n in "12"
        )
        for wanted, ignored in ((own, ()), (other, ("subjectAltName",))):
            pem = forge.requesting(self.key, [forge.extension(wanted, critical=True)])
            self.assertEqual(csr.judge(pem, 2048, own.public_bytes()).ignored_extensions, ignored)

    def test_c07_names_of_kinds_that_the_library_does_not_know_are_ignored(self) -> None:
        for tag in (0xA3, 0xA5):  # x400Address and ediPartyName of RFC 5280 §4.2.1.6
            names = forge.sequence(forge.tlv(tag, forge.sequence()))
            self.assert_ignored("subjectAltName", forge.sequence(forge.oid("2.5.29.17"), forge.tlv(0x04, names)))

    def test_any_other_extension_is_ignored_and_named(self) -> None:
        unknown = forge.sequence(forge.oid("1.2.3.4"), forge.tlv(0x04, b"\xff"))
        self.assert_ignored("1.2.3.4", unknown)
        self.assert_ignored("OCSPNoCheck", forge.extension(x509.OCSPNoCheck()))
        self.assert_ignored("inhibitAnyPolicy", forge.extension(x509.InhibitAnyPolicy(0), critical=True))

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

    def test_c08_extensions_that_may_ask_for_ca_rights_and_do_not_parse_are_refused(self) -> None:
        for name in ("2.5.29.15", "2.5.29.19"):
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

    def test_c10_exactly_one_block(self) -> None:
        pem = make_csr(self.key)
        body = "".join(pem.splitlines()[1:-1])
        header, footer = pem.splitlines()[0], pem.splitlines()[-1]
        self.assert_code(
            "csr_malformed",
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
        der = der_of(make_csr(self.key))
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
        small = len(der_of(forge.request(self.key, subject=forge.common_name("n" * 2_000)))) - 2_000
        fits = forge.request(self.key, subject=forge.common_name("n" * (csr_text.LARGEST_DER - small - 8)))
        self.assertLessEqual(len(der_of(fits)), csr_text.LARGEST_DER)
        self.assert_code("", fits)
        longer = forge.request(self.key, subject=forge.common_name("n" * csr_text.LARGEST_DER))
        self.assert_code("csr_malformed", longer)


class FuzzTests(JudgeTestCase):
    @settings(derandomize=True, database=None, deadline=None, max_examples=500)
    @given(st.text(max_size=500) | st.binary(max_size=500).map(forge.pem))
    def test_c12_arbitrary_input_is_refused_and_nothing_else(self, pem: str) -> None:
        self.assertIn(self.code(pem), CSR_CODES)

    def test_c12_mutated_requests_are_judged_and_nothing_else(self) -> None:
        """Bytes changed, cut, doubled and swapped in requests of each kind; a seed makes a failure repeatable."""
        chance = random.Random(20261124)
        seeds = [
            der_of(forge.requesting(self.key, [CA, NOT_CA], [NOT_CA])),
            der_of(make_csr(self.key, extensions=[(usage(digital_signature=True), True)])),
            der_of(forge.request(RawRSA(P, Q))),
            der_of(forge.request(ec.generate_private_key(ec.SECP384R1()), subject=forge.common_name("a", "b"))),
        ]
        codes = {self.code(forge.pem(_mutated(chance, chance.choice(seeds)))) for _ in range(8_000)}
        self.assertLessEqual(codes, CSR_CODES | {""})
        self.assertGreaterEqual(codes, {"csr_malformed", "csr_signature_invalid", "csr_key_rejected"})


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
