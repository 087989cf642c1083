"""Which parts of a server's answer may be printed.

A server could repeat the provisioning key it was sent, whole, in pieces or encoded, and logs keep what is printed. A
refusal's sentence is printed only if all of it is plain words, which a piece of a key is not. Names are free text, so
they are searched for pieces of the key.
"""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from urllib.parse import unquote, urlsplit

LONGEST = 500  # characters
# A word with hyphens, underscores or slashes; an abbreviation; the name of a standard; a number; a unit of size.
_WORD = re.compile(
    r"[A-Za-z]?[a-z]{1,19}(?:[-_'/.][A-Za-z]?[a-z]{1,19}){0,4}|[a-z]{1,15}(?:_[a-z]{1,15}\d{0,3}){1,4}"
    r"|[aAI]|[A-Z]{2,12}|[A-Z]{1,5}-?\d{1,4}|#?\d{1,5}|[KMG]iB"
)
_AROUND = ".,:;!?()\"'"
_CODE = re.compile(r"[a-z]{1,15}(?:_[a-z]{1,15}){0,4}")
_REFERENCE = re.compile(r"[0-9a-z-]{1,40}")
_HOST = re.compile(r"[a-z0-9.-]{1,80}")
# Characters of the key in a row that do not occur by chance: in base64, and in hexadecimal digits.
_PIECE, _HEX_PIECE = 5, 8
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=_-]{40,}")
_NOTHING = "..."


def words_in(text: str, secret: str) -> str:
    """A server's sentence, or "" unless it is plain words without a piece of `secret`."""
    words = printable(text)
    plain = all(_WORD.fullmatch(word.strip(_AROUND)) for word in words.split() if word.strip(_AROUND))
    return words if plain and not _holds(words, secret) else ""


def code_in(text: str, secret: str) -> str:
    """A server's refusal code, or "" when it does not have the shape of one or holds a piece of `secret`."""
    return text if _CODE.fullmatch(text) and not _holds(text, secret) else ""


def reference_in(text: object, secret: str) -> str:
    """A request id, which finds the request in the portal's log; "" when it could hold a piece of the secret."""
    return text if isinstance(text, str) and _REFERENCE.fullmatch(text) and not _holds(text, secret) else ""


def origin_in(location: str, secret: str) -> str:
    """The scheme, host and port of a redirect's target, or "". The path is left out: it could hold the secret."""
    try:
        parts = urlsplit(location)
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    known = parts.scheme in {"http", "https"} and _HOST.fullmatch(host) and not _holds(host, secret)
    return f"{parts.scheme}://{host}{port}/" if known else ""


def name_of(text: str, secret: str) -> str:
    """A name that the portal sent, for a person to read; "..." when it holds a piece of the secret."""
    return _NOTHING if _holds(text, secret) else printable(text)


def printable(text: str) -> str:
    """Text for a terminal and a log: control characters are spaces, and runs as long as a secret are "..."."""
    visible = "".join(character if character.isprintable() else " " for character in text[:LONGEST])
    return _LONG_RUN.sub(_NOTHING, visible).strip()


def _holds(text: str, secret: str) -> bool:
    """Whether a piece of the secret is in the text, forward or backward, plain or encoded."""
    if not secret:
        return False
    blob = secret.rpartition("|")[2]
    digits = base64.b64decode(blob).hex()
    for reading in _readings(text):
        squeezed = "".join(character for character in reading if character.isalnum())
        for each in (squeezed, squeezed[::-1]):
            if _shares(each, re.sub(r"\W", "", blob), _PIECE) or _shares(each.lower(), digits, _HEX_PIECE):
                return True
    return False


def _readings(text: str) -> list[str]:
    """The text, and what it decodes to from a URL, from base64 and from JSON."""
    found = [text, unquote(text)]
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        whole = run.replace("-", "+").replace("_", "/")[: len(run) // 4 * 4]
        found.append(base64.b64decode(whole).decode("latin-1"))
    with suppress(ValueError):
        found.append(str(json.loads(f'"{text}"', strict=False)))
    return found


def _shares(text: str, secret: str, length: int) -> bool:
    pieces = {secret[at : at + length] for at in range(len(secret) - length + 1)}
    return any(text[at : at + length] in pieces for at in range(len(text) - length + 1))
