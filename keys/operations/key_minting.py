"""Giving a new key its token: text, fingerprint and, while viewable, the sealed text."""

from __future__ import annotations

from django.conf import settings

from keys.crypto import keyring, sealing, tokens
from keys.models import ProvisioningKey


def mint_into(key: ProvisioningKey) -> str:
    """Fill the token columns of an unsaved key and return the text, which is nowhere else when not viewable."""
    ring = keyring.load(settings.KEYRING_FILE)
    key.pin = key.signing_certificate.trust_anchor_sha256
    token = tokens.mint(settings.CLOUD_DOMAIN, bytes.fromhex(key.pin))
    key.public_id = token.public_id.hex()
    key.fingerprint, key.pepper_id = tokens.fingerprint(token, ring.pepper(ring.active)), ring.active
    key.token_head, key.token_tail = tokens.abbreviate(token.text)
    key.sealed_token = key.sealed_with = None
    if key.viewable:
        key.sealed_token = sealing.seal(token.text.encode(), key.token_place, ring)
        key.sealed_with = ring.active
    return token.text


def open_token(key: ProvisioningKey) -> str:
    """The text of a viewable key. Raises SealBroken or KeyringError."""
    ring = keyring.load(settings.KEYRING_FILE)
    return sealing.unseal(bytes(key.sealed_token or b""), key.token_place, ring).decode()
