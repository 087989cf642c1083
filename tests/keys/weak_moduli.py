"""Moduli of 2048 bits that are worthless, written as what they are made of."""

from __future__ import annotations

import math

_P = (3 << 1022) + 1037
_PRIMES = [n for n in range(2, 702) if all(n % d for d in range(2, math.isqrt(n) + 1))]
_PRIMORIAL = math.prod(_PRIMES)


def _of_a_chip(step: int, power: int) -> int:
    """A prime as the chips of ROCA make them: k * (2 * 3 * ... * 701) + a power of 65537."""
    return ((3 << 1022) // _PRIMORIAL + step) * _PRIMORIAL + pow(65537, power, _PRIMORIAL)


WEAK = {
    "small factor": 521 * ((3 << 2037) + 5717),
    "the largest small factor": 1999 * ((1 << 2037) + 1),
    "ROCA": _of_a_chip(1006, 1001) * _of_a_chip(5027, 5003),
    "close primes": _P * ((3 << 1022) + 1697),
    "a square": _P * _P,
    "prime": (3 << 2046) + 439,
}
