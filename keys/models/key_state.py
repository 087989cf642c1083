"""The state of a key in one word. Enrollment, pages and support pages ask the same function, `key_state`."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import models

from keys.crypto.ca_certificates import may_sign
from keys.models.use_state import UseState, use_state


class KeyState(models.TextChoices):
    """Whether a key admits another edge, and why it does not. The value is the word in lower case with hyphens."""

    READY = "ready", "Ready"
    NEARLY_USED_UP = "nearly-used-up", "Nearly used up"
    AT_LIMIT = "at-limit", "At limit"
    DISABLED = "disabled", "Disabled"
    EXPIRED = "expired", "Expired"
    GROUP_DISABLED = "blocked-group-disabled", "Blocked: group disabled"
    CERTIFICATE_DISABLED = "blocked-certificate-disabled", "Blocked: certificate disabled"
    CERTIFICATE_EXPIRED = "blocked-certificate-expired", "Blocked: certificate expired"
    CERTIFICATE_NOT_YET_VALID = "blocked-certificate-not-yet-valid", "Blocked: certificate not yet valid"
    CERTIFICATE_PENDING = "blocked-certificate-pending", "Blocked: certificate pending"
    CERTIFICATE_WITHOUT_PRIVATE_KEY = (
        "blocked-certificate-without-private-key",
        "Blocked: certificate without private key",
    )
    DIFFERENT_ROOT = "different-root", "Different root"


class CertificateFacts(NamedTuple):
    """What decides whether a signing certificate signs. A pending one has no validity. `root` is its root's pin."""

    enabled: bool
    not_before: datetime | None
    not_after: datetime | None
    has_private_key: bool
    root: str


class KeyFacts(NamedTuple):
    """What decides the state of a key. `pin` is the root that is accepted (SHA-256 in hex); empty: any."""

    enabled: bool
    group_enabled: bool
    expires_at: datetime | None
    uses: int
    max_uses: int
    pin: str
    certificate: CertificateFacts


def key_state(key: KeyFacts, now: datetime) -> KeyState:
    """The state of a key: the first reason, in the order in which enrollment refuses, else how far it is used."""
    used = use_state(key.uses, key.max_uses)
    blocked = certificate_state(key.certificate, now)
    reasons = (
        (KeyState.DISABLED, not key.enabled),
        (KeyState.GROUP_DISABLED, not key.group_enabled),
        (KeyState.EXPIRED, key.expires_at is not None and key.expires_at <= now),
        (KeyState.AT_LIMIT, used is UseState.FULL),
        (blocked or KeyState.READY, blocked is not None),
        (KeyState.DIFFERENT_ROOT, is_different_root(key.pin, key.certificate.root)),
        (KeyState.NEARLY_USED_UP, used is UseState.HIGH),
    )
    return next((state for state, applies in reasons if applies), KeyState.READY)


def certificate_state(certificate: CertificateFacts, now: datetime) -> KeyState | None:
    """Why a signing certificate signs no edge at this moment, as the state of its keys; None when it signs."""
    if certificate.not_before is None or certificate.not_after is None:
        return KeyState.CERTIFICATE_PENDING
    if not certificate.enabled:
        return KeyState.CERTIFICATE_DISABLED
    if now < certificate.not_before:
        return KeyState.CERTIFICATE_NOT_YET_VALID
    if not may_sign(certificate.not_before, certificate.not_after, now):
        return KeyState.CERTIFICATE_EXPIRED
    return None if certificate.has_private_key else KeyState.CERTIFICATE_WITHOUT_PRIVATE_KEY


def is_different_root(pin: str, root: str) -> bool:
    """Whether a machine that accepts the root `pin` alone refuses `root`. An empty pin accepts every root."""
    return pin not in {"", root}
