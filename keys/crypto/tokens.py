"""The text of a provisioning key, `1|<cloud domain>|<base64>`: mint, read, recognize, abbreviate.

The blob is 91 bytes: 3 magic (base64 `PSEK`), 16 public id, 32 secret, 32 pin (SHA-256 of the trust anchor's
SubjectPublicKeyInfo), 8 checksum (the first bytes of SHA-256 over `psek-v1|<domain>|` and the other 83).
Knows neither Django nor the database.
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
BLOB_BYTES = 91
_ANYWHERE = re.compile(r"PSEK([A-Za-z0-9+/_-]{8,})")
_DOMAIN = re.compile(r"[a-z0-9.-]{4,253}")
# 19 bytes (magic and public id) are 25 whole base64 characters; the 26th already holds bits of the secret.
_HEAD_CHARACTERS = 25
_TAIL_CHARACTERS = 8


class MalformedToken(ValueError):
    """The text is not a provisioning key. The words say what to remove and where, and repeat nothing of a key."""


class WrongCloud(ValueError):
    """The text is a provisioning key of another cloud domain."""


@dataclass(frozen=True, slots=True)
class Token:
    """What one key text holds. `public_id` names the key openly; `secret` is never shown in a repr."""

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
    """A new token with a random public id and a random 256-bit secret.

    Raises ValueError for a domain that `read` would not take back.
    """
    if not may_name(domain):
        raise ValueError(f"A key cannot name the cloud domain {domain!r}: lower-case letters, digits, . and - only.")
    return Token(domain, secrets.token_bytes(16), secrets.token_bytes(32), pin)


def canonicalize(text: str) -> str:
    """Remove what is not seen anywhere, and quotes around the whole. Doing it twice changes nothing."""
    return pasted_keys.squeeze(text).strip(pasted_keys.QUOTES)


def read(text: str, domains: Collection[str]) -> Token:
    """Parse a key text as pasted.

    Raises MalformedToken, or WrongCloud when a sound text names a domain that is not in `domains`.
    """
    token = read_any(text)
    if token.domain not in domains:
        raise WrongCloud(token.domain)
    return token


def read_any(text: str) -> Token:
    """Parse a key text of any cloud domain. Raises MalformedToken."""
    if len(text) <= LONGEST_TEXT:
        for reading in pasted_keys.readings(text):
            token = _read(reading)
            if token:
                return token
    raise MalformedToken(pasted_keys.fault(text, lambda reading: _read(reading) is not None))


def _read(reading: str) -> Token | None:
    found = pasted_keys.parts(reading)
    return _sound(*found) if found else None


def _sound(domain: str, blob: str) -> Token | None:
    """The token, if all of it is canonical and the checksum is right."""
    raw = base64.b64decode(blob, validate=True)
    # Base64 has several spellings of one value (unused trailing bits); only the canonical one is a key.
    canonical = base64.b64encode(raw).decode() == blob and raw.startswith(MAGIC) and may_name(domain)
    if not canonical or not hmac.compare_digest(raw[83:], _checksum(domain, raw[:83])):
        return None
    return Token(domain, raw[3:19], raw[19:51], raw[51:83])


def fingerprint(token: Token, pepper: bytes) -> bytes:
    """What the database keeps to recognize a token: HMAC-SHA256 under a pepper that is not in the database.

    A fast hash suffices for a 256-bit secret; the pepper keeps whoever can write the table from planting keys.
    """
    return hmac.digest(pepper, b"psek-v1" + token.public_id + token.secret, "sha256")


def abbreviate(text: str) -> tuple[str, str]:
    """Head (up to the end of the public id) and tail (the last checksum characters); neither holds any secret."""
    prefix, _, blob = text.rpartition("|")
    return f"{prefix}|{blob[:_HEAD_CHARACTERS]}", blob[-2 - _TAIL_CHARACTERS : -2]


def public_id_in(text: str) -> str:
    """The hex digits of the public id that a key text in `text` says, whole or cut off; "" when there is none."""
    found = _ANYWHERE.search(canonicalize(text))
    if not found:
        return ""
    # 28 characters are 21 bytes: magic, public id, and two of the secret that go no further than here.
    blob = f"{MAGIC_TEXT}{found[1]}"[:28]
    digits = min(32, (len(blob) - len(MAGIC_TEXT)) * 6 // 4)
    plain = blob.translate(str.maketrans("-_", "+/")).ljust(28, "A")
    return base64.b64decode(plain)[3:19].hex()[:digits]


def is_secret(text: str) -> bool:
    """Whether there is more of a key in `text` than pages show: anything after its public id."""
    found = _ANYWHERE.search(canonicalize(text))
    return found is not None and len(MAGIC_TEXT + found[1]) > _HEAD_CHARACTERS
