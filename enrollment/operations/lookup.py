"""Finding and recognizing the key an edge presents: one statement, one constant-time comparison."""

from __future__ import annotations

import hmac
import ipaddress
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from enrollment.errors import Refused
from keys.crypto import keyring, tokens
from keys.models.key_state import CertificateFacts, KeyFacts
from portal.client_ip import parse_address
from portal.database import fetch_first

# Plain SQL: the ORM's share of this look-up costs more than signing does. For an unknown id it finds the first key of
# all, so that the database, the driver and what follows here do the same work for every id: the time must not show
# which ids exist (`python -m tests.bench --only proof`). The caller compares the id.
_QUERY = """
SELECT k.id, k.name, k.public_id, k.version, k.fingerprint, k.pepper_id, k.enabled, k.expires_at,
       k.allowed_networks, k.uses, k.max_uses, g.id, g.name, g.enabled,
       c.id, c.fingerprint,
       c.enabled, c.not_before, c.not_after, c.sealed_with IS NOT NULL, c.trust_anchor_sha256
FROM keys_provisioningkey k
JOIN keys_serviceedgegroup g ON g.id = k.group_id
JOIN keys_signingcertificate c ON c.id = k.signing_certificate_id
WHERE k.id = COALESCE((SELECT id FROM keys_provisioningkey WHERE public_id = %(public_id)s),
                      (SELECT id FROM keys_provisioningkey ORDER BY id LIMIT 1))
"""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """What was known of a key, its group and its issuer at one moment."""

    id: int
    name: str
    public_id: str
    version: int
    fingerprint: bytes = field(repr=False)
    pepper_id: str
    enabled: bool
    expires_at: datetime | None
    allowed_networks: list[str]
    uses: int
    max_uses: int
    group_id: int
    group: str
    group_enabled: bool
    issuer_id: int
    issuer_fingerprint: str
    issuer: CertificateFacts

    def facts(self, pin: str) -> KeyFacts:
        """What decides whether it admits an edge that accepts the root `pin` alone; empty: any root."""
        return KeyFacts(self.enabled, self.group_enabled, self.expires_at, self.uses, self.max_uses, pin, self.issuer)

    def admits(self, address: str | None) -> bool:
        """Whether the key may be used from this address; no list means from anywhere."""
        if not self.allowed_networks:
            return True
        caller = parse_address(address or "")
        return caller is not None and any(caller in _network(text) for text in self.allowed_networks)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network in the family of the callers it means: ::ffff:192.0.2.0/120 is 192.0.2.0/24."""
    network = ipaddress.ip_network(text)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return ipaddress.ip_network((mapped, network.prefixlen - 96)) if mapped and network.prefixlen >= 96 else network


def find(public_id: str) -> FoundKey | None:
    """The state of the key with this public id (hex)."""
    state = _find_any(public_id)
    return state if state and state.public_id == public_id else None


def _find_any(public_id: str) -> FoundKey | None:
    """The state of the key with this public id, of another key when there is none such, or None without any key."""
    row = fetch_first(_QUERY, {"public_id": public_id})
    return _state(row) if row else None


def _state(row: tuple[Any, ...]) -> FoundKey:
    values = list(row)
    values[4], values[6] = bytes(values[4]), bool(values[6])
    values[7] = _moment(values[7])
    values[8] = json.loads(values[8]) if isinstance(values[8], str) else values[8]
    values[13] = bool(values[13])
    enabled, first, last, has_private_key, root = values[16:]
    values[16:] = [CertificateFacts(bool(enabled), _moment(first), _moment(last), bool(has_private_key), root)]
    return FoundKey(*values)


def _moment(value: datetime | str | None) -> datetime | None:
    """SQLite keeps a moment as text without zone, in UTC."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read(text: str) -> tokens.Token:
    """Parse a presented key text without touching the database. Raises Refused: malformed_key or wrong_cloud."""
    try:
        return tokens.read(text, {settings.CLOUD_DOMAIN, *settings.CLOUD_DOMAIN_ALIASES})
    except tokens.WrongCloud:
        raise Refused("wrong_cloud") from None
    except tokens.MalformedToken as fault:
        raise Refused("malformed_key", str(fault)) from None


def recognize(token: tokens.Token) -> FoundKey:
    """The key whose secret this token proves. Raises Refused: invalid_provisioning_key or signer_unavailable.

    An unknown id takes the same steps as a wrong secret, so neither the answer nor the time differs.
    """
    state = _find_any(token.public_id.hex())
    try:
        ring = keyring.load(settings.KEYRING_FILE)
        pepper = ring.pepper(state.pepper_id if state else ring.active)
    except keyring.KeyringError:
        raise Refused("signer_unavailable") from None
    expected = state.fingerprint if state else bytes(32)
    proved = hmac.compare_digest(tokens.fingerprint(token, pepper), expected)
    if state is None or state.public_id != token.public_id.hex() or not proved:
        raise Refused("invalid_provisioning_key")
    return state
