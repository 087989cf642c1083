"""The text of a provisioning key, `1|<cloud domain>|<base64>`: making, parsing, recognizing and abbreviating it.

The base64 holds 91 bytes: 3 of magic (`PSEK` in base64), 16 of the public id, 32 of the secret, 32 of the pin (SHA-256
of the trust anchor's SubjectPublicKeyInfo) and 8 of the checksum (the first bytes of the SHA-256 over
`psek-v1|<domain>|` and the other 83). Pure: no Django, no database.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field

from keys.crypto import pasted_keys

LONGEST_TEXT = pasted_keys.LONGEST_TEXT
VERSION = "1"
MAGIC_TEXT = "PSEK"
MAGIC = base64.b64decode(MAGIC_TEXT)
_ANYWHERE = re.compile(r"PSEK([A-Za-z0-9+/_-]{8,})")
_DOMAIN = re.compile(r"[a-z0-9.-]{4,253}")
# 19 bytes (magic and public id) fill 25 characters of base64; the 26th holds bits of the secret.
_HEAD_CHARACTERS = 25
_TAIL_CHARACTERS = 8


class MalformedToken(ValueError):
    """The text is not a provisioning key. The message names what to remove and where, and repeats no part of a key."""


class WrongCloud(ValueError):
    """The text is a provisioning key of another cloud domain."""


@dataclass(frozen=True, slots=True)
class Token:
    """The content of a key text. `public_id` names the key and is not secret; `secret` is left out of the repr."""

    domain: str
    public_id: bytes
    secret: bytes = field(repr=False)
    pin: bytes

    @property
    def text(self) -> str:
        """The canonical text."""
        body = MAGIC + self.public_id + self.secret + self.pin
        blob = base64.b64encode(body + _checksum(self.domain, body)).decode()
        return f"{VERSION}|{self.domain}|{blob}"


def _checksum(domain: str, body: bytes) -> bytes:
    return hashlib.sha256(f"psek-v1|{domain}|".encode() + body).digest()[:8]


def may_name(domain: str) -> bool:
    """Whether a key text can hold this cloud domain: 4 to 253 lower-case letters, digits, full stops and hyphens."""
    return _DOMAIN.fullmatch(domain) is not None


def mint(domain: str, pin: bytes) -> Token:
    """Make a token with a random public id and a random secret of 256 bits.

    Raises ValueError for a domain that a key text cannot hold.
    """
    if not may_name(domain):
        raise ValueError(f"A key cannot name the cloud domain {domain!r}: lower-case letters, digits, . and - only.")
    return Token(domain, secrets.token_bytes(16), secrets.token_bytes(32), pin)


def canonicalize(text: str) -> str:
    """The text without white space, invisible characters and quotes around it. A second time changes nothing more."""
    return pasted_keys.squeeze(text).strip(pasted_keys.QUOTES)


def read(text: str, domains: Collection[str]) -> Token:
    """Parse a pasted key text.

    Raises MalformedToken, or WrongCloud for a key of a cloud domain that is not in `domains`.
    """
    token = read_any(text)
    if token.domain not in domains:
        raise WrongCloud(token.domain)
    return token


def read_any(text: str) -> Token:
    """Parse a pasted key text of any cloud domain. Raises MalformedToken."""
    if len(text) <= LONGEST_TEXT:
        for reading in pasted_keys.readings(text):
            token = _read(reading)
            if token:
                return token
    raise MalformedToken(pasted_keys.fault(text, lambda reading: _read(reading) is not None))


def _read(reading: str) -> Token | None:
    """The token in a squeezed text, if it is canonical and its checksum is right."""
    found = pasted_keys.parts(reading)
    if not found:
        return None
    domain, blob = found
    raw = base64.b64decode(blob, validate=True)
    # Base64 has several texts for one value, because of unused trailing bits. Only the canonical one is a key.
    canonical = base64.b64encode(raw).decode() == blob and raw.startswith(MAGIC) and may_name(domain)
    if not canonical or not hmac.compare_digest(raw[83:], _checksum(domain, raw[:83])):
        return None
    return Token(domain, raw[3:19], raw[19:51], raw[51:83])


def fingerprint(token: Token, pepper: bytes) -> bytes:
    """The fingerprint by which the database recognizes a token: an HMAC-SHA256 with a pepper outside the database.

    A fast hash is enough for a secret of 256 bits. Without the pepper, a writer of the table cannot add a key.
    """
    return hmac.digest(pepper, b"psek-v1" + token.public_id + token.secret, "sha256")


def abbreviate(text: str) -> tuple[str, str]:
    """The head (up to the end of the public id) and the tail (the last of the checksum). Neither holds a secret."""
    prefix, _, blob = text.rpartition("|")
    return f"{prefix}|{blob[:_HEAD_CHARACTERS]}", blob[-2 - _TAIL_CHARACTERS : -2]


def public_id_in(text: str) -> str:
    """The public id (hex digits) of a key text in `text`, which may be cut off. "" when there is none."""
    found = _ANYWHERE.search(canonicalize(text))
    if not found:
        return ""
    # 28 characters are 21 bytes: magic, public id, and two bytes of the secret, which are dropped below.
    blob = f"{MAGIC_TEXT}{found[1]}"[:28]
    digits = min(32, (len(blob) - len(MAGIC_TEXT)) * 6 // 4)
    plain = blob.translate(str.maketrans("-_", "+/")).ljust(28, "A")
    return base64.b64decode(plain)[3:19].hex()[:digits]


def is_secret(text: str) -> bool:
    """Whether `text` holds a part of a key after its public id, which pages do not show."""
    found = _ANYWHERE.search(canonicalize(text))
    return found is not None and len(MAGIC_TEXT + found[1]) > _HEAD_CHARACTERS
