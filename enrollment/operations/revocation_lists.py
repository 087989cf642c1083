"""Building and storing revocation lists: one for each signing certificate, renewed after each revocation and each day.

A list is signed outside the transaction that stores it. That transaction holds the issuer's row and gives up when a
newer list appeared since the revoked certificates were read: so a list never names fewer than the ones before it.

Each list is built from the revocations alone. The list before it decides only which expired entries are left out, and
only when its date is not in the future: a clock that was wrong for a while removes no certificate from the lists.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet

from enrollment.models import IssuedCertificate, RevocationList
from enrollment.operations import issuers
from enrollment.pki import revocation_list
from enrollment.pki.issuance import ProfileViolation
from enrollment.pki.profile import BACKDATED
from enrollment.pki.revocation_list import Entry, SignedList
from keys.models import SigningCertificate

logger = logging.getLogger(__name__)
RENEWED_AFTER = timedelta(days=1)
_ATTEMPTS = 5
# PostgreSQL takes at most 65,535 parameters in a statement.
CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Published:
    """The newest list of an issuer. `is_current`: it names every revoked certificate and is less than a day old."""

    newest: RevocationList | None
    is_current: bool


class _Revoked(NamedTuple):
    pk: int
    serial: str
    revoked_at: datetime
    reason: str
    listed_at: datetime | None


def signs_lists(issuer: SigningCertificate, now: datetime) -> bool:
    """Whether the issuer's lists are made here: its key is here and it has not expired. A disabled one still does."""
    return issuer.sealed_with is not None and not issuer.is_pending and issuer.not_after > now


def newest_list(issuer: SigningCertificate) -> RevocationList | None:
    return RevocationList.objects.filter(issuer_id=issuer.pk).order_by("-number").first()


def publish(issuer: SigningCertificate, now: datetime | None = None) -> Published:
    """Build the issuer's next list when one is due. A failure is logged, and the newest there is stays published."""
    now = now or datetime.now(UTC)
    newest = newest_list(issuer)
    try:
        for _ in range(_ATTEMPTS):
            if not _is_due(issuer, newest, now):
                return Published(newest, True)
            if not signs_lists(issuer, now):
                return Published(newest, False)
            built = _build(issuer, newest, now)
            if built:
                return Published(built, True)
            newest = newest_list(issuer)
    except (ValueError, ProfileViolation, DatabaseError, SigningCertificate.DoesNotExist):
        # A ValueError is a keyring or a sealed key that does not open.
        logger.exception("revocation list not built", extra={"issuer": issuer.pk})
    return Published(newest, False)


def _is_due(issuer: SigningCertificate, newest: RevocationList | None, now: datetime) -> bool:
    # A list from the future was made while the clock was wrong; nobody would accept it.
    if newest is None or not now - RENEWED_AFTER < newest.this_update <= now:
        return True
    return _revoked_by(issuer).filter(listed_at=None).exists()


def _revoked_by(issuer: SigningCertificate) -> QuerySet[IssuedCertificate]:
    return IssuedCertificate.objects.revoked().filter(issuer_id=issuer.pk)


def _build(issuer: SigningCertificate, newest: RevocationList | None, now: datetime) -> RevocationList | None:
    """Sign and store the list after `newest`; None when somebody else was first."""
    revoked = _still_to_name(issuer, newest, now)
    # Unix time at least: the number grows even when a restored database forgot the last ones.
    number = max(newest.number + 1 if newest else 1, int(now.timestamp()))
    # Verifiers may ignore an entry whose date has not come, as one has that was made while the clock was ahead.
    entries = (Entry(int(each.serial, 16), min(each.revoked_at, now), each.reason) for each in revoked)
    signed = revocation_list.sign(issuers.get(issuer.pk, issuer.fingerprint), number, entries, now)
    news = [each.pk for each in revoked if each.listed_at is None]
    return _store(issuer, newest, signed, news, now)


def _still_to_name(issuer: SigningCertificate, newest: RevocationList | None, now: datetime) -> list[_Revoked]:
    """Revoked certificates in the order of their issuance, each until one list past its expiry (RFC 5280 §3.3).

    A list from the future proves no expiry, nor do those before it, which may have been dated by the same clock: the
    list after it names every revoked certificate there is.
    """
    found = _revoked_by(issuer)
    if newest and newest.this_update <= now:
        # Not later than the new list begins: two hosts may differ by seconds.
        found = found.filter(Q(listed_at=None) | Q(not_after__gte=min(newest.this_update, now - BACKDATED)))
    columns = found.order_by("pk").values_list("pk", "serial", "revoked_at", "revocation_reason", "listed_at")
    return [_Revoked(*row) for row in columns]  # type: ignore[arg-type]  # revoked ones have a moment


def _store(
    issuer: SigningCertificate, newest: RevocationList | None, signed: SignedList, news: list[int], now: datetime
) -> RevocationList | None:
    with transaction.atomic():
        SigningCertificate.objects.select_for_update(no_key=True).only("pk").get(pk=issuer.pk)
        known = RevocationList.objects.filter(issuer_id=issuer.pk).order_by("-number").values_list("pk", flat=True)
        if known.first() != (newest.pk if newest else None):
            return None
        stored = RevocationList.objects.create(
            issuer_id=issuer.pk,
            number=signed.number,
            der=signed.der,
            this_update=signed.this_update,
            next_update=signed.next_update,
            size=signed.size,
        )
        RevocationList.objects.filter(issuer_id=issuer.pk, number__lt=signed.number).delete()
        for at in range(0, len(news), CHUNK):
            IssuedCertificate.objects.filter(pk__in=news[at : at + CHUNK], listed_at=None).update(listed_at=now)
    return stored
