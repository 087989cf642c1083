"""Sign-in lock: five failures within a minute lock one user name from one network for five minutes.

Kept in the database, so it holds across workers and hosts. It binds name and network together: a stranger
elsewhere cannot lock an administrator out.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.client_ip import network_of
from portal.models import SignInLock

FAILURES_ALLOWED = 5
WINDOW = timedelta(minutes=1)
LOCKED_FOR = timedelta(minutes=5)


def _subject(username: str, address: str | None) -> str:
    return hashlib.sha256(f"{username.casefold()}|{network_of(address)}".encode()).hexdigest()


def is_locked(username: str, address: str | None) -> bool:
    """Whether sign-ins of this name from this network are refused now."""
    return SignInLock.objects.filter(subject=_subject(username, address), locked_until__gt=timezone.now()).exists()


def record_failure(username: str, address: str | None) -> None:
    """Count one failed sign-in; the fifth within a minute locks."""
    now = timezone.now()
    subject = _subject(username, address)
    with transaction.atomic():
        SignInLock.objects.get_or_create(subject=subject, defaults={"first_failure_at": now})
        lock = SignInLock.objects.select_for_update().get(subject=subject)
        if now - lock.first_failure_at > WINDOW:
            lock.first_failure_at, lock.failures = now, 0
        lock.failures += 1
        if lock.failures >= FAILURES_ALLOWED:
            lock.locked_until = now + LOCKED_FOR
        lock.save()


def over() -> QuerySet[SignInLock]:
    """Rows that no longer say anything, those from a clock that was ahead included."""
    now = timezone.now()
    counting = Q(first_failure_at__gt=now - WINDOW, first_failure_at__lte=now + WINDOW)
    return SignInLock.objects.exclude(counting).exclude(locked_until__gt=now, locked_until__lte=now + 2 * LOCKED_FOR)


def clear(username: str, address: str | None) -> None:
    """Forget the failures after a successful sign-in."""
    SignInLock.objects.filter(subject=_subject(username, address)).delete()
