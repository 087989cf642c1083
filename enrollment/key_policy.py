"""Which public keys an edge may have. Pure.

The library accepts far more than is safe (RSA-512, e = 3, P-192, explicit curve parameters), so the allow-list is
ours: P-256, P-384, and RSA of the configured minimum up to 4096 bits with exponent 65537.
"""

from __future__ import annotations

import functools
import hashlib
import math
from pathlib import Path
from typing import TypeGuard

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
CURVES = frozenset({"secp256r1", "secp384r1"})
RSA_EXPONENT = 65537
RSA_MAXIMUM_BITS = 4096
_FERMAT_ROUNDS = 100
_SMALL_PRIME_LIMIT = 752
_BLOCKED = Path(__file__).with_name("blocked_keys.txt")


def spki(key: PublicKey) -> bytes:
    """The SubjectPublicKeyInfo in its one canonical encoding."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def is_acceptable(key: object, rsa_minimum_bits: int) -> TypeGuard[PublicKey]:
    """Whether the key is of an allowed kind and size and not known to be weak or published."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        sound = key.curve.name in CURVES
    elif isinstance(key, rsa.RSAPublicKey):
        sound = _is_sound_rsa(key.public_numbers(), rsa_minimum_bits)
    else:
        return False
    return sound and hashlib.sha256(spki(key)).hexdigest() not in blocked_keys()


def _is_sound_rsa(numbers: rsa.RSAPublicNumbers, minimum_bits: int) -> bool:
    bits = numbers.n.bit_length()
    if numbers.e != RSA_EXPONENT or not minimum_bits <= bits <= RSA_MAXIMUM_BITS or bits % 8:
        return False
    return math.gcd(numbers.n, _small_primes_product()) == 1 and not _has_close_primes(numbers.n)


@functools.cache
def _small_primes_product() -> int:
    primes = [n for n in range(2, _SMALL_PRIME_LIMIT) if all(n % d for d in range(2, math.isqrt(n) + 1))]
    return math.prod(primes)


def _has_close_primes(modulus: int) -> bool:
    """Fermat's factorization finds primes that lie close together within a few rounds."""
    a = math.isqrt(modulus)
    a += a * a < modulus
    for _ in range(_FERMAT_ROUNDS):
        remainder = a * a - modulus
        if math.isqrt(remainder) ** 2 == remainder:
            return True
        a += 1
    return False


@functools.cache
def blocked_keys() -> frozenset[str]:
    """SHA-256 (hex) of the SubjectPublicKeyInfo of keys whose private half is published."""
    lines = _BLOCKED.read_text(encoding="ascii").splitlines()
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))
