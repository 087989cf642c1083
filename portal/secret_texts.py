"""Whether a text that somebody typed may hold a secret. Pure.

A secret is a private key, the text of a provisioning key, or a part of either that is long enough to matter. Shorter
parts than LONGEST_PART leave at least 19 of the 43 characters of a key's secret unknown, which are 114 bits.
"""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import unquote

LONGEST_PART = 24
_ARMOR = "PRIVATE KEY"
_RUN = re.compile(rf"[A-Za-z0-9+/=_-]{{{LONGEST_PART},}}")
_LONG = 60
_KEY_TEXT = re.compile(r"PSEK[A-Za-z0-9+/_-]{22}")
_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9+/_-]")
# More than half of random characters differ in kind from the one before; in words and names one in four does. Of the
# random texts of 24 characters 3 in 100 change less often, of those of 43 characters 1 in 1,000.
_MANY_CHANGES = 9


def may_hold_secret(text: str) -> bool:
    """Whether it does, also where it is percent-encoded, once or twice, or broken into lines."""
    return any(map(_is_suspect, {text, unquote(text), unquote(unquote(text))}))


def _is_suspect(text: str) -> bool:
    runs = _RUN.findall(text)
    if _ARMOR in text or _KEY_TEXT.search(_NOT_IN_A_KEY.sub("", text)):
        return True
    return any(len(run) >= _LONG or _is_random(run) for run in runs)


def _is_random(run: str) -> bool:
    """Whether some part of LONGEST_PART characters changes between capitals, small letters and digits often."""
    changes = [int(one.isalnum() and other.isalnum() and _kind(one) != _kind(other)) for one, other in pairwise(run)]
    windows = range(len(run) - LONGEST_PART + 1)
    return any(sum(changes[start : start + LONGEST_PART - 1]) >= _MANY_CHANGES for start in windows)


def _kind(character: str) -> str:
    return "digit" if character.isdigit() else "capital" if character.isupper() else "small"
