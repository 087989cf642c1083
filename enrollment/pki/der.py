"""Reading DER (ITU-T X.690 §8 and §10) element by element. Each fault names its place. Pure."""

from __future__ import annotations

from dataclasses import dataclass

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
SEQUENCE, SET, CONTEXT_0 = 0x30, 0x31, 0xA0
_NAMES = {
    BOOLEAN: "BOOLEAN", INTEGER: "INTEGER", BIT_STRING: "BIT STRING", OCTET_STRING: "OCTET STRING", NULL: "NULL",
    OID: "OBJECT IDENTIFIER", SEQUENCE: "SEQUENCE", SET: "SET", CONTEXT_0: "[0]", 0x0C: "UTF8String",
    0x13: "PrintableString", 0x16: "IA5String", 0x17: "UTCTime", 0xA1: "[1]",
}  # fmt: skip
# Enough for any element that fits into a request.
_MOST_LENGTH_OCTETS = 4
# Octets. A longer object identifier is not written out, because its arcs could have thousands of digits.
_LONGEST_OID = 32


class NotDER(ValueError):
    """The bytes are not DER of the expected structure. The text names place and reason, and repeats none of them."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element inside `der`: its tag octet, and the offsets of its start, its content and its end."""

    der: bytes
    tag: int
    start: int
    content: int
    end: int

    @property
    def raw(self) -> bytes:
        """The whole element, tag and length included."""
        return self.der[self.start : self.end]

    @property
    def value(self) -> bytes:
        """The content octets."""
        return self.der[self.content : self.end]


def whole(der: bytes, tag: int, what: str) -> Element:
    """The one element that fills `der`. Raises NotDER."""
    found = _at(der, 0, len(der), what)
    require(found, tag, what)
    if found.end < len(der):
        raise NotDER(f"Surplus bytes follow {what} at byte {found.end}: {len(der) - found.end}.")
    return found


def inside(element: Element, what: str) -> list[Element]:
    """The elements inside a constructed element. `what` names one of them in a fault. Raises NotDER."""
    found, start = [], element.content
    while start < element.end:
        found.append(_at(element.der, start, element.end, what))
        start = found[-1].end
    return found


def only(element: Element, tag: int, what: str) -> Element:
    """The one element inside another. Raises NotDER."""
    found = inside(element, what)
    if len(found) != 1:
        raise NotDER(f"At byte {element.content} are {len(found)} elements; there must be one: {what}.")
    require(found[0], tag, what)
    return found[0]


def require(element: Element, tag: int, what: str) -> None:
    """Raise NotDER unless the element has this tag."""
    if element.tag != tag:
        raise NotDER(f"Wrong tag at byte {element.start}: {what} must be {name_of(tag)}, not {name_of(element.tag)}.")


def name_of(tag: int) -> str:
    """The name of a tag octet in ITU-T X.680."""
    return _NAMES.get(tag, f"tag 0x{tag:02x}")


def dotted(element: Element, what: str) -> str:
    """The dotted form of an object identifier, or the length of a very long one. Raises NotDER."""
    require(element, OID, what)
    value = element.value
    if not value or value[-1] & 0x80:
        raise NotDER(f"The object identifier at byte {element.start} ({what}) is incomplete.")
    if len(value) > _LONGEST_OID:
        return f"an object identifier of {len(value)} bytes at byte {element.start}"
    arcs, arc = [], 0
    for octet in value:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _at(der: bytes, start: int, end: int, what: str) -> Element:
    if start + 2 > end:
        raise NotDER(f"Truncated at byte {end}: {what} is missing or cut off.")
    tag, length, content = der[start], der[start + 1], start + 2
    if tag & 0x1F == 0x1F:
        raise NotDER(f"Wrong tag at byte {start}: {what} has a tag number above 30.")
    if length == 0x80:
        raise NotDER(f"The length at byte {start + 1} is indefinite: this is BER. Encode the request in DER.")
    if length & 0x80:
        octets = length & 0x7F
        if octets > _MOST_LENGTH_OCTETS or content + octets > end:
            raise NotDER(f"Truncated at byte {end}: {what} at byte {start} is longer than what is there.")
        length, content = int.from_bytes(der[content : content + octets]), content + octets
        if length < 0x80 or length >> 8 * (octets - 1) == 0:
            raise NotDER(f"The length at byte {start + 1} has surplus octets: this is BER. Encode the request in DER.")
    if content + length > end:
        raise NotDER(f"Truncated at byte {end}: {what} at byte {start} needs {content + length - end:,} more bytes.")
    return Element(der, tag, start, content, content + length)
