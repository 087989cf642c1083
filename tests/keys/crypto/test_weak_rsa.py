"""Weak RSA keys, each recognized for its own reason, and good ones."""

from __future__ import annotations

import math
import unittest

from cryptography.hazmat.primitives.asymmetric import rsa

from keys.crypto import weak_rsa
from tests.keys.weak_moduli import WEAK

_SAYS = {
    "small factor": "a factor below 2000",
    "the largest small factor": "a factor below 2000",
    "ROCA": "ROCA",
    "close primes": "so close to each other",
    "a square": "so close to each other",
    "prime": "a prime as modulus",
}


class WeakRSATests(unittest.TestCase):
    def test_each_worthless_modulus_is_found_for_its_reason(self) -> None:
        self.assertEqual(WEAK.keys(), _SAYS.keys())
        for name, modulus in WEAK.items():
            with self.subTest(name):
                self.assertEqual(modulus.bit_length(), 2048)
                fault = weak_rsa.fault_of(modulus, 65537)
                self.assertIn(_SAYS[name], fault or (weak_rsa.PRIME if weak_rsa.is_prime(modulus) else ""))

    def test_exponents_are_odd_and_from_65537_to_256_bits(self) -> None:
        modulus = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
        for exponent in (-1, 0, 1, 2, 3, 65535, 65536, 65538, 2**255, 2**256 + 1):
            self.assertIn("exponent", weak_rsa.fault_of(modulus, exponent), exponent)
        for exponent in (65537, 65539, 2**255 + 1):
            self.assertEqual(weak_rsa.fault_of(modulus, exponent), "", exponent)

    def test_keys_of_the_library_are_good(self) -> None:
        for bits in (2048, 2048, 3072):
            numbers = rsa.generate_private_key(65537, bits).public_key().public_numbers()
            self.assertEqual((weak_rsa.fault_of(numbers.n, numbers.e), weak_rsa.is_prime(numbers.n)), ("", False))

    def test_the_fingerprint_of_roca_is_rare(self) -> None:
        """One of millions of other moduli has the fingerprint: each prime excludes some residues."""
        chance = math.prod(len(residues) / prime for prime, residues in weak_rsa._roca_residues())
        self.assertLess(chance, 1e-6)
