"""What is wrong with an edge and what to do about it, in one line each: the answer of its page and its support page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from enrollment.errors import Refused
from enrollment.models import BEFORE_ALL, IssuedCertificate
from enrollment.operations import renewal_roots
from enrollment.pages.edge_state import IN_TOUCH, is_revoked
from keys.models import ProvisioningKey
from portal.times import duration, stamp
from portal.tones import Tone

_ENROLL_AGAIN = "To use the machine again, wipe its directory and enroll it with a new key."


@dataclass(frozen=True, slots=True)
class Facts:
    """What the judgement depends on. `until` is the end of its certificate; None without one that is not revoked.

    `issuer` signed its certificate and `next_issuer` would sign the next one; empty when none can. `has_other_root`:
    its key names a certificate below a different root now.
    """

    until: datetime | None
    last_contact_at: datetime | None
    enrolled_at: datetime
    group: str
    issuer: str
    next_issuer: str
    is_deleted: bool = False
    is_revoked: bool = False
    enabled: bool = True
    group_enabled: bool = True
    has_other_root: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """`what` is wrong and what `to_do`; `to_do` is empty when nothing is wrong."""

    tone: Tone
    what: str
    to_do: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.to_do}".strip()


def overdue_from() -> timedelta:
    """So much of its life is left when a certificate should have been renewed: an edge begins at a third of it."""
    return timedelta(days=settings.EDGE_CERTIFICATE_DAYS) * 0.3


def judge(facts: Facts, now: datetime) -> Health:
    """The first that applies: what is final, then what a person decided, then what happens to the machine."""
    return _final(facts, now) or _decided(facts) or _happening(facts, now) or _fine(facts)


def _final(facts: Facts, now: datetime) -> Health | None:
    if facts.is_deleted:
        return Health(Tone.OFF, "It is deleted, and its certificates are revoked.", _ENROLL_AGAIN)
    if facts.is_revoked:
        return Health(Tone.DANGER, "It is revoked: it can't renew or send heartbeats.", _ENROLL_AGAIN)
    if facts.until and facts.until <= now:
        what = f"Its certificate expired on {stamp(facts.until).text}: it can't renew or send heartbeats."
        return Health(Tone.DANGER, what, _ENROLL_AGAIN)
    return None


def _decided(facts: Facts) -> Health | None:
    ends = f"its certificate stays valid until {stamp(facts.until).day}" if facts.until else "it has no certificate"
    if not facts.enabled:
        what = f"It is disabled: its renewals and heartbeats are refused, and {ends}."
        return Health(Tone.OFF, what, "Enable it when it may work again. If it may be in wrong hands, revoke it.")
    if not facts.group_enabled:
        what = f"Its group {facts.group} is disabled, so it can't renew; {ends}."
        return Health(Tone.WARNING, what, "Enable the group before then.")
    if not facts.next_issuer:
        what = f"No signing certificate can sign its next certificate; {ends}."
        to_do = "Enable the one of its key, or give the key another one with the same root."
        return Health(Tone.WARNING, what, to_do)
    return None


def _happening(facts: Facts, now: datetime) -> Health | None:
    last, until = facts.last_contact_at, facts.until
    is_overdue = until is not None and until - now < overdue_from()
    ends = f"its certificate expires on {stamp(until).text} and was not renewed" if until else ""
    if last and abs(now - last) > IN_TOUCH:
        return _away(last, now, ends if is_overdue else "")
    if is_overdue:
        to_do = "See its timeline for refused renewals, then the log of its program."
        return Health(Tone.WARNING, f"I{ends[1:]}, although that was due.", to_do)
    if not last and now - facts.enrolled_at > IN_TOUCH:
        what = f"It enrolled {duration(now - facts.enrolled_at)} ago and has not sent a heartbeat."
        to_do = "Start its program with --watch. A client that sends no heartbeats, such as one of EST, may work well."
        return Health(Tone.OFF, what, to_do)
    if facts.has_other_root:
        what = f"Its key now has a certificate with a different root. The edge stays below the root of {facts.issuer}."
        return Health(Tone.WARNING, what, "To move it to the new root, wipe its directory and enroll it again.")
    return None


def _away(last: datetime, now: datetime, ends: str) -> Health:
    """Not in contact; `ends` is what happens to its certificate if it stays so, once that is near."""
    if last > now:
        what = f"Its last contact is dated {stamp(last).text}, which is in the future."
        return Health(Tone.WARNING, what, "Check the clock of the server.")
    away = f"No contact for {duration(now - last)}"
    if ends:
        to_do = "Start the machine before then; later it must enroll again, which takes another use."
        return Health(Tone.WARNING, f"{away}, and {ends}.", to_do)
    to_do = "Check that the machine and its program run and reach the portal."
    return Health(Tone.WARNING, f"{away}, since {stamp(last).text}.", to_do)


def _fine(facts: Facts) -> Health:
    # A client that sends heartbeats is the edge's program or another one that stays, and renews.
    before = "renews itself before then" if facts.last_contact_at else "has to be renewed before then"
    until = f" Its certificate is valid until {stamp(facts.until).day} and {before}." if facts.until else ""
    if facts.issuer != facts.next_issuer:
        until += f" {facts.next_issuer} signs the next one, in the place of {facts.issuer}."
    return Health(Tone.OK, f"Nothing is wrong.{until}")


def of_edge(edge: Any, now: datetime) -> Health:
    """The health of an edge of `edge_rows.annotated`."""
    certificates = IssuedCertificate.objects.live().filter(edge=edge).select_related("issuer").order_by("-id")
    current = certificates.defer("der", "issuer__der", "issuer__sealed_private_key").first()
    issuer = current.issuer if current else None
    key = ProvisioningKey.objects.filter(public_id=edge.key_public_id).select_related("signing_certificate").first()
    anchor = key.signing_certificate.trust_anchor_sha256 if key else ""
    facts = Facts(
        until=edge.certificate_until if edge.certificate_until > BEFORE_ALL else None,
        last_contact_at=edge.last_contact_at,
        enrolled_at=edge.enrolled_at,
        group=edge.group.name,
        issuer=issuer.name if issuer else "",
        next_issuer=_next_issuer(current, now),
        is_deleted=edge.deleted_at is not None,
        is_revoked=is_revoked(edge, now),
        enabled=edge.enabled,
        group_enabled=edge.group.enabled,
        has_other_root=bool(issuer and anchor and issuer.trust_anchor_sha256 != anchor),
    )
    return judge(facts, now)


def _next_issuer(current: IssuedCertificate | None, now: datetime) -> str:
    try:
        return renewal_roots.issuer_for(current, now).name if current else ""
    except Refused:
        return ""
