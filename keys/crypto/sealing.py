"""Encryption at rest: an AES-256-GCM envelope bound to the table, column and row it was sealed for.

Record: version byte 1, length and text of the keyring id, 12-byte nonce and wrapped data key (48 bytes), 12-byte
nonce and ciphertext. Each value has its own random data key, so nonces cannot collide; rotating the keyring
re-wraps 32 bytes and leaves the value alone. Bound means: a record moved to another row, column or table does
not open.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.crypto.keyring import Keyring

_VERSION = b"\x01"
_NONCE = 12
_WRAPPED = 48


class SealBroken(ValueError):
    """The record was changed, moved from its place, or sealed under another keyring."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives. `row` is the row's immutable random public id, made before the INSERT."""

    table: str
    column: str
    row: str

    def associated_data(self) -> bytes:
        return json.dumps(["portal", self.table, self.column, self.row, 1], separators=(",", ":")).encode()


def seal(value: bytes, place: Place, ring: Keyring) -> bytes:
    """Encrypt `value` for `place` under the active key of `ring`."""
    data_key, key_nonce, value_nonce = secrets.token_bytes(32), secrets.token_bytes(_NONCE), secrets.token_bytes(_NONCE)
    bound = place.associated_data()
    wrapped = AESGCM(ring.sealing_key(ring.active)).encrypt(key_nonce, data_key, bound)
    ciphertext = AESGCM(data_key).encrypt(value_nonce, value, bound)
    key_id = ring.active.encode()
    return b"".join([_VERSION, bytes([len(key_id)]), key_id, key_nonce, wrapped, value_nonce, ciphertext])


def sealed_with(record: bytes) -> str:
    """The keyring id a record needs to open; raises SealBroken when it is no record."""
    if len(record) < 2 or record[:1] != _VERSION:
        raise SealBroken("Not a sealed record.")
    return record[2 : 2 + record[1]].decode(errors="replace")


def unseal(record: bytes, place: Place, ring: Keyring) -> bytes:
    """Decrypt a record at its place; raises SealBroken, or KeyringError when the ring lacks its key."""
    key_id = sealed_with(record)
    body = record[2 + record[1] :]
    wrapped, sealed = body[: _NONCE + _WRAPPED], body[_NONCE + _WRAPPED :]
    if len(sealed) <= _NONCE:
        raise SealBroken("The sealed record is cut short.")
    bound = place.associated_data()
    try:
        data_key = AESGCM(ring.sealing_key(key_id)).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound)
        return AESGCM(data_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except InvalidTag:
        raise SealBroken("The sealed record does not open at this place.") from None
