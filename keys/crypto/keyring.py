"""The keyring: master keys outside the database, each with an id, and the sub-keys derived from them.

The file is JSON, `{"active": "<id>", "keys": {"<id>": "<base64 of 32 bytes>", ...}}`, which only the portal's account
can read. The active key seals; every key unseals. Each purpose has its own sub-key (HKDF-SHA256 with a label).
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MASTER_KEY_BYTES = 32
# Rows store the id of their key in 64 characters.
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class KeyringError(ValueError):
    """The keyring is missing or unreadable, or lacks a key. The text names the fault."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Master keys by id. `active` is the id of the key for new sealed values and new fingerprints."""

    active: str
    keys: Mapping[str, bytes] = field(repr=False)

    def sealing_key(self, key_id: str) -> bytes:
        """The key of 32 bytes that encrypts data keys. Raises KeyringError."""
        return _derive(self._master(key_id), b"portal sealing v1")

    def pepper(self, key_id: str) -> bytes:
        """The key of 32 bytes for fingerprints of tokens. Raises KeyringError."""
        return _derive(self._master(key_id), b"portal pepper v1")

    def _master(self, key_id: str) -> bytes:
        try:
            return self.keys[key_id]
        except KeyError:
            raise KeyringError(f"The keyring has no key {key_id!r}.") from None


@functools.lru_cache(maxsize=64)
def _derive(master: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label).derive(master)


def parse(text: str | bytes) -> Keyring:
    """Parse the JSON of a keyring. Raises KeyringError."""
    try:
        document: dict[str, Any] = json.loads(text)
        keys = {key_id: base64.b64decode(value, validate=True) for key_id, value in document["keys"].items()}
        ring = Keyring(str(document["active"]), keys)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise KeyringError("The keyring is not valid JSON of the documented form.") from None
    if not all(_KEY_ID.fullmatch(key_id) for key_id in keys):
        raise KeyringError(
            "Each id of the keyring must be 1 to 64 letters, digits, full stops, hyphens or underscores."
        )
    if any(len(key) != MASTER_KEY_BYTES for key in keys.values()):
        raise KeyringError("Each key of the keyring must be 32 bytes in base64.")
    ring._master(ring.active)
    return ring


@functools.lru_cache(maxsize=4)
def load(path: str) -> Keyring:
    """Read the keyring file, once per process. Raises KeyringError."""
    try:
        return parse(Path(path).read_bytes())
    except OSError as error:
        raise KeyringError(f"The keyring file cannot be read: {error.strerror}.") from None


def is_private(path: str) -> bool:
    """Whether only the owner can read the file."""
    return not stat.S_IMODE(os.stat(path).st_mode) & 0o077


def generate(key_id: str = "") -> str:
    """The JSON of a keyring with one random key. Without `key_id` its id is random, so that ids of keyrings differ."""
    key_id = key_id or secrets.token_hex(8)
    key = base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)).decode()
    return json.dumps({"active": key_id, "keys": {key_id: key}})
