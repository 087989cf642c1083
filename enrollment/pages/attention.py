"""What may need attention: rows of lists in a state that a person should know of, each with what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.utils import timezone

from enrollment.pages.audit_log import EVENTS
from enrollment.pages.edge_list import EDGES
from keys.models import KeyState, SigningCertificate
from keys.models.key_state import CertificateFacts, certificate_state
from keys.pages.certificate_list import CERTIFICATES
from keys.pages.key_list import KEYS
from keys.pages.presentation import STATE_TONES
from portal.audit_actions import Action
from portal.lists.listing import List
from portal.lists.numbers import Number
from portal.tones import Tone

_URGENCY = (Tone.DANGER, Tone.WARNING, Tone.OFF)
# What is true of a list when nothing in it needs attention.
FINE = {
    KEYS: "No key is at its limit, nearly used up or blocked.",
    EDGES: "No edge is disconnected, overdue to renew or without a valid certificate.",
    CERTIFICATES: "No certificate has expired, expires soon or is pending.",
    EVENTS: "No enrollment was refused in the last day.",
}
_REPLACE = "Edges cannot enroll. Choose another certificate."
# The states that keep a key from admitting edges and that nobody chose for the key itself, and what to do.
_BLOCKED = {
    KeyState.CERTIFICATE_EXPIRED: _REPLACE,
    KeyState.CERTIFICATE_WITHOUT_PRIVATE_KEY: _REPLACE,
    KeyState.CERTIFICATE_DISABLED: "Edges can enroll again when the certificate is enabled, or replaced.",
    KeyState.CERTIFICATE_NOT_YET_VALID: "Edges can enroll when the certificate is valid.",
    KeyState.CERTIFICATE_PENDING: "Edges can enroll when the certificate is uploaded.",
    KeyState.GROUP_DISABLED: "Edges can enroll again when the group is enabled.",
    KeyState.DIFFERENT_ROOT: "Edges that check the root are refused. Create a key or choose a certificate of its root.",
}


@dataclass(frozen=True, slots=True)
class Concern:
    """Rows of a list that may need attention, such as "8 keys" "at limit", and what to do when there are any."""

    number: Number
    noun: str
    words: str
    advice: str
    tone: Tone


def concerns(lists: Collection[List]) -> list[Concern]:
    """What may need attention in these lists, what nobody chose first."""
    found = [
        *(_of_keys() if KEYS in lists else ()),
        *(_of_edges() if EDGES in lists else ()),
        *(_of_certificates() if CERTIFICATES in lists else ()),
        *(_of_events() if EVENTS in lists else ()),
    ]
    return sorted(found, key=lambda each: _URGENCY.index(each.tone))


def _of_keys() -> Iterator[Concern]:
    full, high = Number(KEYS, (("usage", "full"),)), Number(KEYS, (("usage", "high"),))
    at_limit, nearly = KeyState.AT_LIMIT, KeyState.NEARLY_USED_UP
    yield Concern(full, "key", "at limit", "Raise the limit to deploy more edges.", STATE_TONES[at_limit])
    yield Concern(high, "key", "nearly used up", "Raise the limit before the next deployment.", STATE_TONES[nearly])
    for state in _possible():
        words = state.label.lower() if state != KeyState.DIFFERENT_ROOT else "with a different root"
        number = Number(KEYS, (("state", state.value),))
        yield Concern(number, "key", words, _BLOCKED[state], STATE_TONES[state])


def _possible() -> list[KeyState]:
    """The states in which keys can be: those that follow from a certificate need one in that state."""
    columns = ("enabled", "not_before", "not_after", "sealed_with", "trust_anchor_sha256")
    now = timezone.now()
    states = {
        certificate_state(CertificateFacts(enabled, first, last, sealed_with is not None, root), now)
        for enabled, first, last, sealed_with, root in SigningCertificate.objects.values_list(*columns)
    }
    return [each for each in _BLOCKED if each in states | {KeyState.GROUP_DISABLED, KeyState.DIFFERENT_ROOT}]


def _of_edges() -> Iterator[Concern]:
    lost, expired, overdue = (
        Number(EDGES, (pair,))
        for pair in (("connection", "disconnected"), ("expires", "expired"), ("expires", "overdue"))
    )
    yield Concern(expired, "edge", "with an expired certificate", "Enroll again with a key, or delete.", Tone.DANGER)
    yield Concern(overdue, "edge", "overdue to renew", "Check that the edge's program runs.", Tone.WARNING)
    yield Concern(lost, "edge", "disconnected", "Check the machine, its network and the edge's service.", Tone.WARNING)


def _of_certificates() -> Iterator[Concern]:
    expired, soon, pending = (
        Number(CERTIFICATES, (pair,)) for pair in (("state", "expired"), ("expiry", "soon"), ("state", "pending"))
    )
    yield Concern(expired, "certificate", "expired", "Replace it: edges below it cannot renew.", Tone.DANGER)
    yield Concern(
        soon, "certificate", "expiring", "Replace it before it expires, so that edges can renew.", Tone.WARNING
    )
    yield Concern(pending, "certificate", "pending", "Upload the signed certificate.", Tone.WARNING)


def _of_events() -> Iterator[Concern]:
    refused = Number(EVENTS, (("time", "24h"), ("action", Action.EDGE_REFUSED.value)))
    yield Concern(
        refused, "enrollment", "refused in the last day", "See which keys were refused, and why.", Tone.WARNING
    )
