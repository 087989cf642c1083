"""Whether a text that somebody typed may hold a secret. Pure.

A secret is a private key, the text of a provisioning key, or a part of either that is long enough to matter. Shorter
parts than LONGEST_PART leave at least 19 of the 43 characters of a key's secret unknown, which are 114 bits.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

LONGEST_PART = 24
HOLDS_KEY = "This holds a part of a key, which is a secret. Remove it."
_ARMOR = "PRIVATE KEY"
_RUN = re.compile(rf"[A-Za-z0-9+/=_-]{{{LONGEST_PART},}}")
_LONG = 60
_KEY_TEXT = re.compile(r"PSEK[A-Za-z0-9+/_-]{22}")
# The first 25 characters, up to the end of the public id, are on pages. What follows is the secret.
_KEY_IN_ONE = re.compile(r"PSEK[A-Za-z0-9+/_-]{22,}")
_WHOLE_KEY = re.compile(r"PSEK[A-Za-z0-9+/]{118}==")
# Line breaks, with marks of a quotation or of a line that goes on, and characters that nobody sees.
_NOT_IN_A_BLOB = re.compile(r"[^A-Za-z0-9+/=]")
_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9+/_-]")
# Where one kind of character follows another, but for a small letter behind a capital, as words begin, and behind a
# slash. Of the random texts of 24 characters 1 in 100 has fewer in them, of those of 31 characters 2 in 1,000.
_CHANGE = re.compile(r"(?<=[a-z])(?=[A-Z0-9+/])|(?<=[A-Z])(?=[0-9+/])|(?<=[0-9])(?=[A-Za-z+/])|(?<=\+)(?=[A-Za-z0-9/])")
_MANY_CHANGES = 6


def may_hold_secret(text: str) -> bool:
    """Whether it does, also where it is percent-encoded, once or twice, or broken into lines."""
    return any(map(_is_suspect, {text, unquote(text), unquote(unquote(text))}))


def holds_key(text: str) -> bool:
    """Whether it holds a part of a key behind its public id, in one piece, or a whole key, with anything in between.

    So much of what `may_hold_secret` suspects is no accident that people may be refused for it: not for a name that
    only begins with the letters of a key.
    """
    return any(map(_is_of_key, {text, unquote(text)}))


def _is_of_key(text: str) -> bool:
    return any(map(_is_random, _KEY_IN_ONE.findall(text))) or bool(_WHOLE_KEY.search(_NOT_IN_A_BLOB.sub("", text)))


def _is_suspect(text: str) -> bool:
    runs = _RUN.findall(text)
    if _ARMOR in text or _KEY_TEXT.search(_NOT_IN_A_KEY.sub("", text)):
        return True
    return any(len(run) >= _LONG or _is_random(run) for run in runs)


def _is_random(run: str) -> bool:
    """Whether some part of LONGEST_PART characters changes often between capitals, small letters, digits and signs."""
    parts = (run[start : start + LONGEST_PART] for start in range(len(run) - LONGEST_PART + 1))
    return any(len(_CHANGE.findall(part)) >= _MANY_CHANGES for part in parts)
