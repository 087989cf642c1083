"""The parts of the examples: one good key pair of each type, and raw parts of PKCS #10."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.enrollment import raw_csr
from tests.enrollment.raw_csr import oid, sequence, tlv

MALFORMED, SIGNATURE, KEY, EXTENSION = (
    "csr_malformed", "csr_signature_invalid", "csr_key_rejected", "csr_extension_not_allowed",
)  # fmt: skip
MICROSOFT = "1.3.6.1.4.1.311."
ECDSA_SHA256 = "1.2.840.10045.4.3.2"


@dataclass(frozen=True)
class Example:
    """`code` is empty for an accepted request, whose ignored extensions are `ignored`; else `says` is in the fault."""

    name: str
    text: str
    code: str = ""
    says: str = ""
    ignored: tuple[str, ...] = ()


@functools.cache
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def raw(dotted: str, content: bytes, *critical: bytes) -> bytes:
    """An extension of any content."""
    return sequence(oid(dotted), *critical, tlv(0x04, content))


def signed(info: bytes, *parameters: bytes, algorithm: str = ECDSA_SHA256) -> bytes:
    signature = key().sign(info, ec.ECDSA(hashes.SHA256()))
    return sequence(info, sequence(oid(algorithm), *parameters), raw_csr.bit_string(signature))


def info(
    version: bytes = b"\2\1\0", subject: bytes | None = None, public: bytes | None = None, rest: bytes = b"\xa0\0"
) -> bytes:
    return sequence(version, subject or raw_csr.common_name("edge"), public or raw_csr.spki(key().public_key()), rest)
