"""The state of a signing certificate: one word, for its row, its page and the filter."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from django.db.models import Q

from keys.models import SigningCertificate
from portal.tones import Tone


class CertificateState(Enum):
    """Its value in an address, its word, and the tone that repeats the word. They exclude each other."""

    PENDING = ("pending", "Pending", Tone.WARNING)
    EXPIRED = ("expired", "Expired", Tone.DANGER)
    EARLY = ("early", "Not yet valid", Tone.WARNING)
    DISABLED = ("disabled", "Disabled", Tone.OFF)
    PARENT = ("parent", "Parent only", Tone.OFF)
    READY = ("signs", "Ready", Tone.OK)

    def __init__(self, parameter: str, word: str, tone: Tone) -> None:
        self.parameter, self.word, self.tone = parameter, word, tone


def state_of(certificate: SigningCertificate, now: datetime) -> CertificateState:
    """The first that applies: what no edit can change comes before what somebody chose."""
    if certificate.is_pending:
        return CertificateState.PENDING
    if certificate.not_after <= now:
        return CertificateState.EXPIRED
    if certificate.not_before > now:
        return CertificateState.EARLY
    if not certificate.enabled:
        return CertificateState.DISABLED
    return CertificateState.READY if certificate.sealed_with is not None else CertificateState.PARENT


def condition(parameter: str, now: datetime) -> Q:
    """The certificates that `state_of` gives this state."""
    complete, ended, early = Q(not_after__isnull=False), Q(not_after__lte=now), Q(not_before__gt=now)
    usable = complete & ~ended & ~early
    return {
        CertificateState.PENDING: ~complete,
        CertificateState.EXPIRED: complete & ended,
        CertificateState.EARLY: complete & ~ended & early,
        CertificateState.DISABLED: usable & Q(enabled=False),
        CertificateState.PARENT: usable & Q(enabled=True, sealed_with__isnull=True),
        CertificateState.READY: usable & Q(enabled=True, sealed_with__isnull=False),
    }[next(each for each in CertificateState if each.parameter == parameter)]
