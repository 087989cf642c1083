"""Requests with one fault each, and the test case that judges them."""

from __future__ import annotations

import base64
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from django.test import SimpleTestCase

from enrollment.errors import Refused
from enrollment.pki import csr
from tests.enrollment import raw_csr
from tests.enrollment.raw_csr import RawRSA
from tests.factories import make_csr, make_private_key

P = (3 << 1022) + 1037
Q = (7 << 1021) + 309
CA = raw_csr.extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
NOT_CA = raw_csr.extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)


CSR_CODES = {"csr_malformed", "csr_signature_invalid", "csr_key_rejected", "csr_extension_not_allowed"}


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


def flawed_csrs() -> Iterator[tuple[str, str, str]]:
    """One request of each abuse case: the case, the code that refuses it, and the PEM."""
    key = make_private_key()
    info = raw_csr.info(raw_csr.spki(key.public_key()))
    yield "C-01", "csr_signature_invalid", raw_csr.pem(raw_csr.sign(info, make_private_key()))
    yield "C-02", "csr_signature_invalid", raw_csr.request(key, digest=hashes.SHA1())
    yield "C-03 short", "csr_key_rejected", raw_csr.request(RawRSA((3 << 254) + 119, (7 << 253) + 429))
    yield "C-03 e = 3", "csr_key_rejected", raw_csr.request(RawRSA(P, Q, 3))
    yield "C-03 close primes", "csr_key_rejected", raw_csr.request(RawRSA(P, (3 << 1022) + 1697))
    yield "C-04 curve", "csr_key_rejected", raw_csr.request(ec.generate_private_key(ec.SECP256K1()))
    yield "C-04 kind", "csr_key_rejected", raw_csr.request(Unsigned(x25519.X25519PrivateKey.generate().public_key()))
    yield "C-05", "csr_key_rejected", raw_csr.request(ec.derive_private_key(1, ec.SECP256R1()))
    yield "C-06", "csr_extension_not_allowed", raw_csr.requesting(key, [CA])
    yield "C-08", "csr_malformed", raw_csr.requesting(key, [NOT_CA], [CA])
    yield "C-09", "csr_malformed", raw_csr.request(key, subject=raw_csr.common_name("n" * 65_536))
    yield "C-10", "csr_malformed", make_csr() + make_csr()
    yield "C-11", "csr_malformed", raw_csr.pem(der_of(make_csr()) + b"\0")


def mirrored(pem: str) -> str:
    """The same request with the other valid ECDSA signature: s becomes n - s."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    info, algorithm, signature = raw_csr.parts_of(der_of(pem))
    r, s = decode_dss_signature(signature[3:])
    return raw_csr.pem(raw_csr.sequence(info, algorithm, raw_csr.bit_string(encode_dss_signature(r, order - s))))


def der_of(pem: str) -> bytes:
    return base64.b64decode("".join(pem.splitlines()[1:-1]))


def openssl_request(*options: str) -> str:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "request.pem"
        key = ["-nodes", "-keyout", str(path.with_name("key.pem"))] if "-newkey" in options else []
        command = ["openssl", "req", "-new", "-sha256", "-subj", "/CN=edge", *options, *key, "-out", str(path)]
        subprocess.run(command, check=True, capture_output=True)
        return path.read_text()
