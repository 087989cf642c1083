"""Which public keys an edge may have. Pure.

The library accepts far more than is safe (RSA-512, e = 3, P-192, explicit curve parameters), so the allow-list is
ours: P-256, P-384, and RSA of the configured minimum up to 4096 bits with exponent 65537.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.crypto import weak_rsa

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
CURVES = frozenset({"secp256r1", "secp384r1"})
RSA_EXPONENT = 65537
RSA_MAXIMUM_BITS = 4096
USE = "Make a new key pair: P-256, P-384 or RSA"
# Kinds of keys by their object identifier, in words that follow "The key is".
OTHER_KINDS = {
    "1.2.840.113549.1.1.10": "for RSA-PSS only", "1.2.840.113549.1.1.7": "for RSA-OAEP only",
    "1.2.840.10040.4.1": "DSA", "1.2.840.113549.1.3.1": "Diffie-Hellman", "1.2.840.10046.2.1": "Diffie-Hellman",
    "1.3.101.110": "X25519", "1.3.101.111": "X448", "1.3.101.112": "Ed25519", "1.3.101.113": "Ed448",
}  # fmt: skip
_ALLOWED_CURVES = frozenset({"1.2.840.10045.3.1.7", "1.3.132.0.34"})
_OTHER_CURVES = {
    "1.2.840.10045.3.1.1": "P-192", "1.3.132.0.33": "P-224", "1.3.132.0.35": "P-521", "1.3.132.0.10": "secp256k1",
    "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1", "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
    "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1", "1.2.156.10197.1.301": "SM2",
}  # fmt: skip
_BLOCKED = Path(__file__).with_name("blocked_keys.txt")


def spki(key: PublicKey) -> bytes:
    """The SubjectPublicKeyInfo in its one canonical encoding."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fault_of(key: PublicKey, rsa_minimum_bits: int) -> str:
    """Why an edge may not have this key, with advice: wrong kind or size, weak, or published. Empty for a good one."""
    if isinstance(key, rsa.RSAPublicKey):
        fault = _fault_of_rsa(key, rsa_minimum_bits)
    else:
        fault = "" if key.curve.name in CURVES else "The key is on another curve"
    if not fault and hashlib.sha256(spki(key)).hexdigest() in blocked_keys():
        fault = "The private half of this key is published"
    return f"{fault}. {USE}." if fault else ""


def fault_of_curve(oid: str) -> str:
    """The same of a curve by its object identifier."""
    if oid in _ALLOWED_CURVES:
        return ""
    return f"The key is on the curve {_OTHER_CURVES.get(oid, oid)}. {USE}."


def _fault_of_rsa(key: rsa.RSAPublicKey, minimum_bits: int) -> str:
    numbers = key.public_numbers()
    bits = numbers.n.bit_length()
    if not minimum_bits <= bits <= RSA_MAXIMUM_BITS:
        return f"The key has {bits:,} bits; RSA keys have from {minimum_bits:,} to {RSA_MAXIMUM_BITS:,} here"
    if bits % 8:
        return f"The key has {bits:,} bits, which is no whole number of bytes"
    if numbers.e != RSA_EXPONENT:
        return f"The exponent of the key is not {RSA_EXPONENT}"
    weakness = weak_rsa.fault_of(numbers.n, numbers.e)
    return f"The key {weakness}" if weakness else ""


@functools.cache
def blocked_keys() -> frozenset[str]:
    """SHA-256 (hex) of the SubjectPublicKeyInfo of keys whose private half is published."""
    lines = _BLOCKED.read_text(encoding="ascii").splitlines()
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))
