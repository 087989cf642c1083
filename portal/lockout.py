"""Limits on password guessing. The counts are in the database, so they hold across threads, workers and hosts.

An attempt is counted, and the count committed, before its password is checked, so that concurrent attempts cannot
exceed the limit. A successful attempt is uncounted.

Other people's failures lock nobody out: the limits of a network and of a name apply only where the name never signed
in from that network. OWASP's Authentication Cheat Sheet asks for limits by account, ASVS 2.2.1 for at most 100
failures an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.client_ip import network_of
from portal.models import KnownNetwork, SignInLock


@dataclass(frozen=True, slots=True)
class Limit:
    """The last of `attempts` within `window` locks. `code` is stable: it is the reason of the audit event."""

    code: str
    attempts: int
    window: timedelta
    locked_for: timedelta


OF_NAME_AND_NETWORK = Limit("locked", 5, timedelta(minutes=1), timedelta(minutes=5))
OF_NETWORK = Limit("network_locked", 60, timedelta(minutes=10), timedelta(minutes=10))
OF_NAME = Limit("name_locked", 15, timedelta(minutes=10), timedelta(minutes=10))
LONGEST = timedelta(minutes=10)
# Clocks of hosts may differ. A lock that ends later than this from now was made by a clock that was ahead.
LATEST = 2 * LONGEST
# A network stays known for this long after a sign-in.
KNOWN_FOR = timedelta(days=180)

_TAKE = """
INSERT INTO portal_signinlock (subject, failures, first_failure_at, locked_until)
VALUES (%(subject)s, 1, %(now)s, NULL)
ON CONFLICT (subject) DO UPDATE SET
  failures = CASE WHEN {fresh} THEN 1 ELSE portal_signinlock.failures + 1 END,
  first_failure_at = CASE WHEN {fresh} THEN %(now)s ELSE portal_signinlock.first_failure_at END,
  locked_until = CASE WHEN NOT ({fresh}) AND portal_signinlock.failures + 1 >= %(attempts)s THEN %(locked_until)s END
WHERE portal_signinlock.locked_until IS NULL OR NOT {locked}
RETURNING failures
""".format(
    fresh="(portal_signinlock.locked_until IS NOT NULL OR portal_signinlock.first_failure_at <= %(window_start)s "
    "OR portal_signinlock.first_failure_at > %(latest)s)",
    locked="(portal_signinlock.locked_until > %(now)s AND portal_signinlock.locked_until <= %(latest)s)",
)


class Locked(Exception):
    """Sign-in is refused by the limit `code`. `minutes` until the lock ends are at least one."""

    def __init__(self, limit: Limit, left: timedelta) -> None:
        super().__init__(limit.code)
        self.code = limit.code
        self.minutes = max(1, -(-min(left, limit.locked_for) // timedelta(minutes=1)))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A counted attempt. `subjects` are its rows; the first is the one for the name and the network."""

    subjects: tuple[str, ...]
    network: str

    def give_back(self) -> None:
        """Uncount an attempt whose password was not checked."""
        _uncount(self.subjects)

    def succeeded(self, user: User) -> None:
        """Forget the failures of this name from this network, and remember the network."""
        SignInLock.objects.filter(subject=self.subjects[0]).delete()
        _uncount(self.subjects[1:])
        known = KnownNetwork(user=user, network=_digest(self.network), at=timezone.now())
        KnownNetwork.objects.bulk_create(
            [known], update_conflicts=True, update_fields=["at"], unique_fields=["user", "network"]
        )


def count_attempt(username: str, address: str | None) -> Attempt:
    """Count an attempt before its password is checked. Raises Locked, and counts nothing then."""
    now = timezone.now()
    limits = dict(_limits(username, network_of(address)))
    _require_unlocked(limits, now)
    # Committed now, so that concurrent attempts see the count while this password is hashed.
    with transaction.atomic(durable=True):
        for subject, limit in limits.items():
            if not _counted(subject, limit, now):
                raise Locked(limit, limit.locked_for)
    return Attempt(tuple(limits), network_of(address))


def forget_all() -> None:
    """End every lock."""
    SignInLock.objects.all().delete()


def expired_locks() -> QuerySet[SignInLock]:
    """Rows without effect, including those of a clock that was ahead."""
    now = timezone.now()
    counting = Q(locked_until=None, first_failure_at__gt=now - LONGEST, first_failure_at__lte=now + LATEST)
    return SignInLock.objects.exclude(counting).exclude(locked_until__gt=now, locked_until__lte=now + LATEST)


def expired_networks() -> QuerySet[KnownNetwork]:
    """Known networks whose last sign-in is older than KNOWN_FOR."""
    return KnownNetwork.objects.filter(at__lt=timezone.now() - KNOWN_FOR)


def _limits(username: str, network: str) -> Iterator[tuple[str, Limit]]:
    """The limits of this attempt with the subject of each row, always in the same order to avoid deadlocks."""
    name = username.casefold()
    yield _digest(f"{name}|{network}"), OF_NAME_AND_NETWORK
    if not _is_known(username, network):
        yield _digest(f"network|{network}"), OF_NETWORK
        yield _digest(f"name|{name}"), OF_NAME


def _digest(text: str, secret: str | None = None) -> str:
    """HMAC-SHA256 under a key derived from SECRET_KEY, so that reading the table reveals no names or networks."""
    return salted_hmac("portal.lockout", text, secret, algorithm="sha256").hexdigest()


def _is_known(username: str, network: str) -> bool:
    digests = [_digest(network, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    known = KnownNetwork.objects.filter(network__in=digests, at__gt=timezone.now() - KNOWN_FOR)
    return known.filter(user__username=username).exists()


def _require_unlocked(limits: dict[str, Limit], now: datetime) -> None:
    """Raise Locked before anything is written, so that refused attempts do not take SQLite's write lock."""
    locked = SignInLock.objects.filter(subject__in=limits, locked_until__gt=now, locked_until__lte=now + LATEST)
    for lock in locked:
        raise Locked(limits[lock.subject], (lock.locked_until or now) - now)


def _counted(subject: str, limit: Limit, now: datetime) -> bool:
    """Count one attempt in one statement; False when the limit is reached."""
    moments = {
        "now": now,
        "window_start": now - limit.window,
        "locked_until": now + limit.locked_for,
        "latest": now + LATEST,
    }
    values = {name: connection.ops.adapt_datetimefield_value(moment) for name, moment in moments.items()}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {**values, "subject": subject, "attempts": limit.attempts})
        return bool(cursor.fetchall())


def _uncount(subjects: Iterable[str]) -> None:
    # One by one: a statement over several rows locks them in any order, which may deadlock.
    for subject in subjects:
        counted = SignInLock.objects.filter(subject=subject, failures__gt=0)
        counted.update(failures=F("failures") - 1, locked_until=None)
