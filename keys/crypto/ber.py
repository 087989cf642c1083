"""Reading the structure of BER and DER: the end of an element, and the cost of opening a file. Pure: no Django.

Elements are those of ITU-T X.690 with tags of one byte, the only ones that X.509, PKCS #7, #8 and #12 use.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

SEQUENCE, INTEGER, OCTETS = 0x30, 0x02, 0x04
SCRYPT = bytes.fromhex("06092b06010401da47040b")
_DEEPEST = 24
# The memory of scrypt is 128 * N * r bytes (RFC 7914 §2): at most 64 MiB.
MOST_ROUNDS, MOST_SCRYPT = 2_000_000, 2**19


class Malformed(ValueError):
    """The bytes do not hold a whole element."""


@dataclass(frozen=True, slots=True)
class Element:
    """A tag, its content, and the offset of the end."""

    tag: int
    content: bytes
    end: int


def looks_like_der(data: bytes) -> bool:
    """Whether bytes start like a certificate, a PKCS #7 or #12 file or a private key. A text may start with "0" too."""
    return data[:1] == b"\x30" and len(data) > 2 and (data[1] >= 0x80 or data[2] == INTEGER)


def element(data: bytes, start: int = 0) -> Element:
    """The element that starts at `start`. One of indefinite length (BER) ends with the data. Raises Malformed."""
    if start + 2 > len(data):
        raise Malformed
    length, content = data[start + 1], start + 2
    if length == 0x80:
        return Element(data[start], data[content:], len(data))
    if length > 0x80:
        octets = length & 0x7F
        length, content = int.from_bytes(data[content : content + octets]), content + octets
    if content + length > len(data):
        raise Malformed
    return Element(data[start], data[content : content + length], content + length)


def elements(data: bytes) -> Iterator[Element]:
    """Yield one element after the other. Raises Malformed when the last one is cut off."""
    start = 0
    while start < len(data):
        found = element(data, start)
        yield found
        start = found.end


def rounds(data: bytes) -> int:
    """The rounds of key derivation that opening an encrypted file takes, over all its parts.

    More than `MOST_ROUNDS` take too long. A scrypt that needs too much memory counts as more than that. The number
    follows the salt in PBKDF2-params, PKCS12PbeParams and MacData (RFC 8018 A.2, RFC 7292 4, C); in scrypt-params it
    is a product (RFC 7914 §7).
    """
    return sum(_costs(data, 0))


def _costs(data: bytes, depth: int) -> Iterator[int]:
    try:
        found = list(elements(data)) if depth < _DEEPEST else []
    except Malformed:
        return
    for salt, number in itertools.pairwise(found):
        # A longer number is no count: in explicit curve parameters the order follows the generator.
        if salt.tag == OCTETS and number.tag == INTEGER and len(number.content) <= 8:
            yield int.from_bytes(number.content)
    if any(each.tag == 0x06 and SCRYPT.endswith(each.content) for each in found):
        yield from (_scrypt_cost(each.content) for each in found if each.tag == SEQUENCE)
    for each in found:
        if each.tag in {SEQUENCE, 0x31, OCTETS, 0x24} or each.tag & 0xE0 == 0xA0:
            yield from _costs(each.content, depth + 1)


def _scrypt_cost(parameters: bytes) -> int:
    try:
        numbers = [int.from_bytes(each.content) for each in elements(parameters) if each.tag == INTEGER]
    except Malformed:
        return 0
    product = 1
    for number in numbers[:3]:
        product *= number
    return MOST_ROUNDS + 1 if product > MOST_SCRYPT else 0


def largest_secret(data: bytes) -> int:
    """The length in bytes of the longest encrypted OCTET STRING. In a PKCS #12 file it is the largest private key."""
    return max(_secrets(data, 0), default=0)


def _secrets(data: bytes, depth: int) -> Iterator[int]:
    try:
        found = list(elements(data)) if depth < _DEEPEST else []
    except Malformed:
        return
    for each in found:
        inner = list(_secrets(each.content, depth + 1)) if each.tag in {SEQUENCE, 0x31, OCTETS, 0xA0} else []
        yield from inner
        if each.tag == OCTETS and each.content[:1] != b"\x30":
            yield len(each.content)
