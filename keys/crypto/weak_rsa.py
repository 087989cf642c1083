"""Recognizing weak RSA keys from the public key alone. Pure.

`fault_of` takes less than a millisecond and runs for every request. `is_prime` is one exponentiation, which takes 20 to
150 ms from 2048 to 4096 bits, so it runs only before a signature. The keys that Debian made in 2008 are not recognized:
their lists are larger than this program.
"""

from __future__ import annotations

import functools
import math

SMALLEST_EXPONENT = 65537
# Larger exponents are slow to verify, and some verifiers refuse them (NIST SP 800-56B rev. 2 §6.2).
_MOST_EXPONENT_BITS = 256
_SMALL_PRIMES_BELOW = 2000
_FERMAT_ROUNDS = 100
# The largest prime of the ROCA fingerprint (CVE-2017-15361, "The Return of Coppersmith's Attack" §4).
_ROCA_PRIMES_UP_TO = 167
# The words for a key of which `is_prime` holds; they follow "the key".
PRIME = "has a prime as modulus"


def fault_of(modulus: int, exponent: int) -> str:
    """Why a public RSA key of any size is weak, in words that follow "the key". "" when no weakness is found."""
    if not is_usual(exponent):
        return f"has an exponent that is not odd or not from {SMALLEST_EXPONENT} to {_MOST_EXPONENT_BITS} bits"
    if math.gcd(modulus, _product_of_small_primes()) != 1:
        return f"has a modulus with a factor below {_SMALL_PRIMES_BELOW}"
    if all(modulus % prime in residues for prime, residues in _roca_residues()):
        return "was made by a chip that makes weak keys (ROCA, CVE-2017-15361)"
    if _has_close_primes(modulus):
        return "has two primes so close to each other that it can be factored at once"
    return ""


def is_usual(exponent: int) -> bool:
    """Whether verifiers accept the public exponent."""
    return exponent >= SMALLEST_EXPONENT and exponent % 2 == 1 and exponent.bit_length() <= _MOST_EXPONENT_BITS


@functools.lru_cache(maxsize=512)
def is_prime(modulus: int) -> bool:
    """Whether the modulus is a prime, by Fermat's little theorem. A product of two random primes does not pass it."""
    return pow(2, modulus - 1, modulus) == 1


def _primes(below: int) -> list[int]:
    return [n for n in range(2, below) if all(n % d for d in range(2, math.isqrt(n) + 1))]


@functools.cache
def _product_of_small_primes() -> int:
    return math.prod(_primes(_SMALL_PRIMES_BELOW))


@functools.cache
def _roca_residues() -> tuple[tuple[int, frozenset[int]], ...]:
    """The powers of 65537 modulo each odd prime. The moduli of these chips have no other residues."""
    odd = _primes(_ROCA_PRIMES_UP_TO + 1)[1:]
    return tuple((prime, frozenset(pow(65537, power, prime) for power in range(prime))) for prime in odd)


def _has_close_primes(modulus: int) -> bool:
    """Whether Fermat's factorization finds the primes within a few rounds, because they are close together."""
    root = math.isqrt(modulus)
    root += root * root < modulus
    for _ in range(_FERMAT_ROUNDS):
        remainder = root * root - modulus
        if math.isqrt(remainder) ** 2 == remainder:
            return True
        root += 1
    return False
