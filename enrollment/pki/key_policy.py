"""Which public keys an edge may have, and verifying a signature with one. Pure.

`cryptography` accepts keys that are not safe (RSA-512, e = 3, P-192, explicit curve parameters), so this module has an
allow-list: P-256, P-384, and RSA from the configured minimum to 4096 bits with exponent 65537.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.crypto import weak_rsa

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
CURVES = frozenset({"secp256r1", "secp384r1"})
RSA_EXPONENT = 65537
RSA_MAXIMUM_BITS = 4096
USE = "Make a new key pair: P-256, P-384 or RSA"
# Algorithms of keys by their object identifier, in words that follow "The key is".
OTHER_ALGORITHMS = {
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
    """The SubjectPublicKeyInfo (RFC 5280 §4.1) in its canonical DER."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def verify(key: object, signature: bytes, signed: bytes, digest: HashAlgorithm) -> None:
    """Verify a signature: ECDSA in DER, or RSA with PKCS #1 v1.5.

    Raises InvalidSignature when it is wrong, and for any other key.
    """
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), digest)
    else:
        raise InvalidSignature


def fault_of(key: PublicKey, rsa_minimum_bits: int) -> str:
    """Why an edge may not have this key, with advice: wrong curve or size, weak, or published. "" for a good key."""
    if isinstance(key, rsa.RSAPublicKey):
        fault = _fault_of_rsa(key, rsa_minimum_bits)
    else:
        fault = "" if key.curve.name in CURVES else "The key is on another curve"
    if not fault and hashlib.sha256(spki(key)).hexdigest() in blocked_keys():
        fault = "The private half of this key is published"
    return f"{fault}. {USE}." if fault else ""


def fault_of_curve(oid: str) -> str:
    """Why an edge may not have a key on this curve, by its object identifier, with advice. "" for an allowed curve."""
    if oid in _ALLOWED_CURVES:
        return ""
    return f"The key is on the curve {_OTHER_CURVES.get(oid, oid)}. {USE}."


def _fault_of_rsa(key: rsa.RSAPublicKey, minimum_bits: int) -> str:
    numbers = key.public_numbers()
    bits = numbers.n.bit_length()
    if not minimum_bits <= bits <= RSA_MAXIMUM_BITS:
        return f"The key has {bits:,} bits; RSA keys have from {minimum_bits:,} to {RSA_MAXIMUM_BITS:,} here"
    if bits % 8:
        return f"The key has {bits:,} bits, which is not a whole number of bytes"
    if numbers.e != RSA_EXPONENT:
        return f"The exponent of the key is not {RSA_EXPONENT}"
    weakness = weak_rsa.fault_of(numbers.n, numbers.e)
    return f"The key {weakness}" if weakness else ""


@functools.cache
def blocked_keys() -> frozenset[str]:
    """The SHA-256 (hex) of the SubjectPublicKeyInfo of each key whose private half is published."""
    lines = _BLOCKED.read_text(encoding="ascii").splitlines()
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))
