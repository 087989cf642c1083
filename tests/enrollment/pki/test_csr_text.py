"""C-09 to C-12: the subject, the text and the size of a CSR, and mutated ones."""

from __future__ import annotations

import random
import time

from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from enrollment.pki import csr_text
from tests.enrollment import raw_csr
from tests.enrollment.flawed_csrs import CA, CSR_CODES, NOT_CA, JudgeTestCase, P, Q, der_of, usage
from tests.enrollment.raw_csr import RawRSA
from tests.factories import make_csr


class FormTests(JudgeTestCase):
    def test_c09_the_subject_is_never_read(self) -> None:
        subjects = [
            raw_csr.common_name("<script>alert(1)</script>"),
            raw_csr.common_name("=cmd|'/c calc'!A0"),
            raw_csr.common_name("\u202egnp.exe"),
            raw_csr.common_name("a\0b"),
            raw_csr.common_name(b"\xff\xfe\xfd"),
            raw_csr.common_name("a", "b"),
            raw_csr.common_name("n" * 3_000),
            raw_csr.sequence(),
        ]
        for subject in subjects:
            self.assert_code("", raw_csr.request(self.key, subject=subject))

    def test_c09_a_subject_of_64_kib_is_refused(self) -> None:
        self.assert_code("csr_malformed", raw_csr.request(self.key, subject=raw_csr.common_name("n" * 65_536)))

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
        content = b"".join(raw_csr.parts_of(der))
        nested = b""
        for _ in range(1_000):
            nested = raw_csr.sequence(nested)
        long_form = b"\x30\x83" + len(content).to_bytes(3) + content
        indefinite = b"\x30\x80" + content + b"\0\0"
        for broken in (der + b"\0", der[:-1], indefinite, long_form, nested, b"\x30" * 3_000, b"", b"\x05\x00"):
            self.assert_code("csr_malformed", raw_csr.pem(broken))

    def test_c11_huge_requests_are_refused_at_once(self) -> None:
        pem = make_csr(self.key)
        huge = [
            pem.replace("\n", "\n" * 1_000_000, 1),
            "\n" * 1_000_000 + pem,
            raw_csr.pem(b"\x30" * 10_000_000),
            "-----BEGIN CERTIFICATE REQUEST-----\n" * 100_000,
        ]
        started = time.perf_counter()
        self.assert_code("csr_malformed", *huge)
        self.assertLess(time.perf_counter() - started, 10)

    def test_c11_the_largest_der_is_4096_bytes(self) -> None:
        small = len(der_of(raw_csr.request(self.key, subject=raw_csr.common_name("n" * 2_000)))) - 2_000
        fits = raw_csr.request(self.key, subject=raw_csr.common_name("n" * (csr_text.LARGEST_DER - small - 8)))
        self.assertLessEqual(len(der_of(fits)), csr_text.LARGEST_DER)
        self.assert_code("", fits)
        longer = raw_csr.request(self.key, subject=raw_csr.common_name("n" * csr_text.LARGEST_DER))
        self.assert_code("csr_malformed", longer)


class FuzzTests(JudgeTestCase):
    @settings(derandomize=True, database=None, deadline=None, max_examples=500)
    @given(st.text(max_size=500) | st.binary(max_size=500).map(raw_csr.pem))
    def test_c12_arbitrary_input_is_refused_and_nothing_else(self, pem: str) -> None:
        self.assertIn(self.code(pem), CSR_CODES)

    def test_c12_mutated_requests_are_judged_and_nothing_else(self) -> None:
        """Bytes changed, cut, doubled and swapped in requests of each kind; a seed makes a failure repeatable."""
        chance = random.Random(20261124)
        seeds = [
            der_of(raw_csr.requesting(self.key, [CA, NOT_CA], [NOT_CA])),
            der_of(make_csr(self.key, extensions=[(usage(digital_signature=True), True)])),
            der_of(raw_csr.request(RawRSA(P, Q))),
            der_of(raw_csr.request(ec.generate_private_key(ec.SECP384R1()), subject=raw_csr.common_name("a", "b"))),
        ]
        codes = {self.code(raw_csr.pem(_mutated(chance, chance.choice(seeds)))) for _ in range(8_000)}
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
