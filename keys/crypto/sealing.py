"""Encryption at rest: an AES-256-GCM envelope that is bound to its table, column and row.

A record is a version byte (1), the length and the text of the keyring id, a nonce of 12 bytes with the wrapped data key
(48 bytes), and a nonce of 12 bytes with the ciphertext. Each value has its own random data key, so nonces cannot
collide, and rotating the keyring encrypts 32 bytes again instead of the value. A record that is moved to another row,
column or table cannot be unsealed.
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
    """The record was changed, moved from its place, or sealed with another keyring."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a sealed value. `row` is the row's immutable random public id, made before the INSERT."""

    table: str
    column: str
    row: str

    def associated_data(self) -> bytes:
        """The associated data of the encryption, which binds the record to its place."""
        return json.dumps(["portal", self.table, self.column, self.row, 1], separators=(",", ":")).encode()


def seal(value: bytes, place: Place, ring: Keyring) -> bytes:
    """Encrypt `value` for `place` with the active key of `ring`."""
    data_key, key_nonce, value_nonce = secrets.token_bytes(32), secrets.token_bytes(_NONCE), secrets.token_bytes(_NONCE)
    bound = place.associated_data()
    wrapped = AESGCM(ring.sealing_key(ring.active)).encrypt(key_nonce, data_key, bound)
    ciphertext = AESGCM(data_key).encrypt(value_nonce, value, bound)
    key_id = ring.active.encode()
    return b"".join([_VERSION, bytes([len(key_id)]), key_id, key_nonce, wrapped, value_nonce, ciphertext])


def sealed_with(record: bytes) -> str:
    """The id of the key that unseals a record. Raises SealBroken when the bytes are not a record."""
    if len(record) < 2 or record[:1] != _VERSION:
        raise SealBroken("Not a sealed record.")
    return record[2 : 2 + record[1]].decode(errors="replace")


def unseal(record: bytes, place: Place, ring: Keyring) -> bytes:
    """Decrypt a record at its place. Raises SealBroken, or KeyringError when the ring lacks its key."""
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
