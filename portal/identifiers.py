"""What somebody who searches may have pasted: an identifier as one of many tools printed it, read as we store it."""

from __future__ import annotations

import re
import uuid

from django.db.models import Q

LEAST_DIGITS = 8
# A serial has at most 20 bytes (RFC 5280 §4.1.2.2): so many hexadecimal, so many decimal digits.
_LONGEST_SERIAL, _LONGEST_DECIMAL = 40, 49
_WHOLE = {32, 64}
_SEPARATORS = re.compile(r"[\s:-]+")
_HEXADECIMAL = re.compile(rf"[0-9a-f]{{{LEAST_DIGITS},64}}")


def hexadecimal(term: str) -> str:
    """The digits in lower case, without colons, hyphens and white space; "" when `term` is not 8 to 64 of them.

    What openssl prints before the value (`serial=`, `sha256 Fingerprint=`) and a leading `0x` are left out.
    """
    bare = _SEPARATORS.sub("", term.rpartition("=")[2]).lower().removeprefix("0x")
    return bare if _HEXADECIMAL.fullmatch(bare) else ""


def is_whole(term: str) -> bool:
    """Whether it has the length of a UUID, a public id or a fingerprint: then it is no part of any name."""
    return len(hexadecimal(term)) in _WHOLE


def serials(term: str) -> list[str]:
    """The serials that may be meant, as stored: hexadecimal without leading zeros. Digits alone may be decimal too."""
    bare = _SEPARATORS.sub("", term.rpartition("=")[2])
    decimal = f"{int(bare):x}" if re.fullmatch(rf"[0-9]{{1,{_LONGEST_DECIMAL}}}", bare) else ""
    return [
        serial for serial in (hexadecimal(term).lstrip("0"), decimal) if LEAST_DIGITS <= len(serial) <= _LONGEST_SERIAL
    ]


def beginning(column: str, digits: str) -> Q:
    """The rows whose hexadecimal `column` begins so, as a range: LIKE would leave an index aside on both databases."""
    # "g" follows every digit and letter that may stand there.
    return Q(**{f"{column}__gte": digits, f"{column}__lt": f"{digits}g"})


def uuid_beginning(column: str, digits: str) -> Q:
    """The rows whose UUID begins so."""
    lowest, highest = (uuid.UUID(digits.ljust(32, filler)) for filler in "0f")
    return Q(**{f"{column}__range": (lowest, highest)})
