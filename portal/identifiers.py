"""Identifiers in search terms: a value as openssl or another tool prints it, converted to the stored format."""

from __future__ import annotations

import re
import uuid

from django.db.models import Q

LEAST_DIGITS = 8
# A serial has at most 20 bytes (RFC 5280 §4.1.2.2): 40 hexadecimal or 49 decimal digits.
_LONGEST_SERIAL, _LONGEST_DECIMAL = 40, 49
_WHOLE = {32, 64}
_SEPARATORS = re.compile(r"[\s:-]+")
_HEXADECIMAL = re.compile(rf"[0-9a-f]{{{LEAST_DIGITS},64}}")


def hexadecimal(term: str) -> str:
    """The hexadecimal digits of `term` in lower case; "" unless it has 8 to 64 of them and no other characters.

    Colons, hyphens, white space, a leading `0x` and what openssl prints first (`serial=`, `sha256 Fingerprint=`) are
    removed.
    """
    bare = _SEPARATORS.sub("", term.rpartition("=")[2]).lower().removeprefix("0x")
    return bare if _HEXADECIMAL.fullmatch(bare) else ""


def is_whole(term: str) -> bool:
    """Whether `term` is as long as a UUID, a public id or a fingerprint, so that no name contains it."""
    return len(hexadecimal(term)) in _WHOLE


def serials(term: str) -> list[str]:
    """The serials that `term` may be, as stored: hexadecimal without leading zeros. Plain digits may be decimal too."""
    bare = _SEPARATORS.sub("", term.rpartition("=")[2])
    decimal = f"{int(bare):x}" if re.fullmatch(rf"[0-9]{{1,{_LONGEST_DECIMAL}}}", bare) else ""
    return [
        serial for serial in (hexadecimal(term).lstrip("0"), decimal) if LEAST_DIGITS <= len(serial) <= _LONGEST_SERIAL
    ]


def beginning(column: str, digits: str) -> Q:
    """The rows whose hexadecimal `column` begins with `digits`. A range uses an index, LIKE does not."""
    # "g" sorts after every hexadecimal digit.
    return Q(**{f"{column}__gte": digits, f"{column}__lt": f"{digits}g"})


def uuid_beginning(column: str, digits: str) -> Q:
    """The rows whose UUID begins with `digits`."""
    lowest, highest = (uuid.UUID(digits.ljust(32, filler)) for filler in "0f")
    return Q(**{f"{column}__range": (lowest, highest)})
